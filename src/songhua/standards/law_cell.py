"""One number or rule of a standard, as a page or a command prints it."""

from dataclasses import dataclass

from songhua.standards.wording import clause_en


@dataclass(frozen=True, slots=True)
class LawCell:
    """One number or rule of a standard.

    Parameters
    ----------
    table_zh, table_en, row_zh, row_en, column_zh, column_en
        Where it stands, in a reader's words.
    value_zh, value_en
        What it says.
    unit, clause, confidence, note_zh, note_en
        As the data file has them; a note may be empty.
    """

    table_zh: str
    table_en: str
    row_zh: str
    row_en: str
    column_zh: str
    column_en: str
    value_zh: str
    value_en: str
    unit: str
    clause: str
    confidence: str
    note_zh: str = ""
    note_en: str = ""

    @property
    def clause_en(self) -> str:
        """The clause as an English reader finds it."""
        return clause_en(self.clause)

    @property
    def place(self) -> tuple[str, str, str]:
        """What tells one cell from another."""
        return self.table_en, self.row_en, self.column_en
