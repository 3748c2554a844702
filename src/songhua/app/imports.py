"""Files and corrections on their way in: journal first, then the shelf, then the register."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import polars as pl

from songhua.assess.job import Affected
from songhua.ingest.files import FileMapping, ImportSummary, detect, import_file, read_mapping
from songhua.ingest.files import dry_run as dry_run_file
from songhua.model import BEIJING, BadInput, Period
from songhua.store import Journal, Shelf
from songhua.store.journal import Entry
from songhua.store.registry import records
from songhua.store.registry.sites import sites
from songhua.api.ports import ImportOrder

_PIECE = 4 * 1024 * 1024
_MOST_EXAMPLES = 50
