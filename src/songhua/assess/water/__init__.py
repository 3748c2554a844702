"""Surface water assessed by GB 3838 and 环办〔2011〕22号. Pure: no clock, no store, no network."""

from songhua.assess.water.columns import item_class, round_assess, section_columns
from songhua.assess.water.indicators import main_indicators
from songhua.assess.water.standalone import AssessedWater, WaterQuestion, assess_water_csv

__all__ = [
    "AssessedWater",
    "WaterQuestion",
    "assess_water_csv",
    "item_class",
    "main_indicators",
    "round_assess",
    "section_columns",
]
