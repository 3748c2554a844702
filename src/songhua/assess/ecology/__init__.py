"""Ecology: EI (HJ 192), EQI (环监测〔2021〕99号), indices of life in rivers. Pure."""

from songhua.assess.ecology.regions import (
    change_of,
    explain_index,
    grade_of,
    index_columns,
    index_of,
)
from songhua.assess.ecology.standalone import AssessedEcology, assess_ecology_csv

__all__ = [
    "AssessedEcology",
    "assess_ecology_csv",
    "change_of",
    "explain_index",
    "grade_of",
    "index_columns",
    "index_of",
]
