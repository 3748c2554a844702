"""Compile the English of the pages: ``locale/en/parts/*.po`` into ``django.mo``. Needs no gettext.

``python tools/messages.py`` compiles and lists every string of templates and views that has no
English yet; ``--check`` changes nothing and fails when something is missing or stale.
"""

import ast
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.conf import settings
from django.utils.translation.template import templatize

SOURCE = Path(__file__).parents[1] / "src/songhua"
LOCALE = SOURCE / "web/locale/en"
COMPILED = LOCALE / "LC_MESSAGES/django.mo"

_CALL = re.compile(
    r"""(?<![\w.])(?:_|gettext|gettext_lazy|gettext_noop)\(\s*u?((?:'|").*?)\)""", re.S
)
_MAGIC = 0x950412DE
_HEADER = "Content-Type: text/plain; charset=UTF-8\n"


def catalogue(folder: Path) -> dict[str, str]:
    """Return every translated string of the parts of a language.

    Raises
    ------
    ValueError
        If two parts say the same string differently.
    """
    words: dict[str, str] = {}
    for path in sorted((folder / "parts").glob("*.po")):
        for source, english in read_po(path.read_text(encoding="utf-8")):
            if words.setdefault(source, english) != english:
                raise ValueError(f"{path.name}: {source!r} is said differently in another part")
    return words


def read_po(text: str) -> Iterator[tuple[str, str]]:
    """Yield source and translation of each entry that has both."""
    for block in re.split(r"\n\s*\n", text):
        entry: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if found := re.match(r'(msgid|msgstr)\s+(".*")\s*$', line):
                key = found[1]
                entry[key] = ast.literal_eval(found[2])
            elif key and line.startswith('"'):
                entry[key] += ast.literal_eval(line)
        if entry.get("msgid") and entry.get("msgstr"):
            yield entry["msgid"], entry["msgstr"]


def compiled(words: dict[str, str]) -> bytes:
    """Return the strings in the binary form that gettext reads."""
    rows = sorted({"": _HEADER, **words}.items(), key=lambda row: row[0].encode())
    sources = [source.encode() for source, _ in rows]
    targets = [target.encode() for _, target in rows]
    count = len(rows)
    first = 7 * 4 + 16 * count
    ends = first + sum(len(one) + 1 for one in sources)
    index = _index(sources, first) + _index(targets, ends)
    head = struct.pack("<7I", _MAGIC, 0, count, 28, 28 + 8 * count, 0, 0)
    return head + index + b"".join(one + b"\0" for one in [*sources, *targets])


def used() -> dict[str, Path]:
    """Return every string that templates and views ask for, and where."""
    found: dict[str, Path] = {}
    for path in sorted([*SOURCE.rglob("*.html"), *(SOURCE / "web").rglob("*.py")]):
        text = path.read_text(encoding="utf-8")
        code = templatize(text) if path.suffix == ".html" else text
        for call in _CALL.finditer(code):
            try:
                source = ast.literal_eval(call[1].rstrip(", \n"))
            except (SyntaxError, ValueError):
                continue
            if isinstance(source, str):
                found.setdefault(source, path)
    return found


def main() -> int:
    """Run from the command line."""
    if not settings.configured:
        settings.configure(USE_I18N=True)
        django.setup()
    words = catalogue(LOCALE)
    missing = [
        f"{path.relative_to(SOURCE)}: {source}"
        for source, path in used().items()
        if source not in words
    ]
    body = compiled(words)
    stale = not COMPILED.is_file() or COMPILED.read_bytes() != body
    if "--check" not in sys.argv and stale:
        COMPILED.parent.mkdir(parents=True, exist_ok=True)
        COMPILED.write_bytes(body)
        stale = False
    sys.stdout.write(
        "\n".join([*missing, f"{len(words)} strings, {len(missing)} without English"]) + "\n"
    )
    if stale:
        sys.stdout.write("django.mo is stale: run python tools/messages.py\n")
    return 1 if stale or missing else 0


def _index(texts: list[bytes], start: int) -> bytes:
    packed = b""
    for text in texts:
        packed += struct.pack("<2I", len(text), start)
        start += len(text) + 1
    return packed


if __name__ == "__main__":
    sys.exit(main())
