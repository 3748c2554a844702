"""Files: CSV, CSV.gz, XLSX, Parquet; wide or long; every bad row kept with its line and fault."""

from songhua.ingest.files.cells import OnDisk, Readable
from songhua.ingest.files.detect import Detected, detect
from songhua.ingest.files.faults import REJECTS, WORDS, Fault
from songhua.ingest.files.job import ImportSummary, Origin, dry_run, import_file
from songhua.ingest.files.mapping import FileMapping, read_mapping, write_mapping
from songhua.ingest.files.places import SiteTable
from songhua.ingest.files.read import Batch, read_batches
from songhua.ingest.files.units import unit_factor

__all__ = [
    "REJECTS",
    "WORDS",
    "Batch",
    "Detected",
    "Fault",
    "FileMapping",
    "ImportSummary",
    "OnDisk",
    "Origin",
    "Readable",
    "SiteTable",
    "detect",
    "dry_run",
    "import_file",
    "read_batches",
    "read_mapping",
    "unit_factor",
    "write_mapping",
]
