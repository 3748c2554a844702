"""The shelf (数据): journal, observations and results, registry. Every SQL statement is here."""

from songhua.store.handle import configure, shelf
from songhua.store.journal import Journal, JournalFault
from songhua.store.segment import Entry
from songhua.store.shelf import Shelf, TableSize, open_shelf
from songhua.store.tables import INDEX_VALUES, SUMMARY_VALUES

__all__ = [
    "INDEX_VALUES",
    "SUMMARY_VALUES",
    "Entry",
    "Journal",
    "JournalFault",
    "Shelf",
    "TableSize",
    "configure",
    "open_shelf",
    "shelf",
]
