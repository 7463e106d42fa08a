"""A program of its own with the standard library and calamine: reads one price list, prints its rows as JSON.

    python -I sheet.py FILE AFTER

What a supplier sends may be made to break the reader, so this process has little memory, little time and no
way to write. The first line printed is ``{"kind", "rows"}`` (the number of rows that are not empty), then comes
``[number, [cell, …]]`` for the first HEAD rows and for those behind row AFTER, and ``{"end": true}`` at last.
A cell is null, a text, a number, or ``{"date"|"flag"|"error"|"merged": …}``. A file that is refused
prints ``{"refused": code, …}`` alone. Formulas are never evaluated: their last value, kept in the file, counts.
"""

import csv
import io
import json
import re
import resource
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

MEMORY = 400 * 1024 * 1024  # address space, of which a good list of 100,000 rows uses a quarter
CPU_SECONDS = 20
MOST_ENTRIES = 200
MOST_UNPACKED = 50 * 1024 * 1024
MOST_RATIO = 100
HEAD = 20  # rows among which the names of the columns stand
MOST_COLUMNS = 60
LONGEST_CELL = 1000
BLOCK = 1024 * 1024
BEGINNING = 8
FOREIGN = (
    b"%PDF",
    b"\xff\xd8\xff",
    b"\x89PNG",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"MZ",
    b"\x7fELF",
    b"{\\rtf",
    b"PK",
)
LINKED_TABLE = re.compile(
    rb"<table:(table-source|cell-range-source|dde-link)\b|<draw:image[^>]{0,400}href=.(https?|ftp|file):"
)
FAILED = re.compile(
    rb"""<c\b(?=[^>]*\bt=["']e["'])[^>]*\br=["']([A-Z]{1,3})(\d{1,7})["'][^>]*>(?:<f\b[^>]*>[^<]{0,300}</f>|<f\b[^>]*/>)?<v>(#[A-Z0-9/!?_]{1,20})</v>"""
)
OUTSIDE = re.compile(rb"<Relationship\b[^>]*TargetMode=.External.[^>]*>")
HARMLESS = "/hyperlink"  # a link that a person may click loads nothing by itself
# What no text has: control characters other than tabulators and ends of lines.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Refused(Exception):
    """The file cannot be taken: a code of ``words`` with its facts."""

    def __init__(self, code: str, **params: Any):
        self.code, self.params = code, params
        super().__init__(code)


def main(path: Path, after: int) -> None:
    _limit()
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    try:
        with path.open("rb") as file:
            beginning = file.read(BEGINNING)
        kind, rows = _workbook(path) if looks_like(beginning) == "workbook" else _csv(path)
        _print({"kind": kind, "rows": sum(1 for _number, cells in rows() if not _empty(cells))})
        seen = 0
        for number, cells in rows():
            if _empty(cells):
                continue
            seen += 1
            if seen <= HEAD or number > after:
                _print([number, [_plain(cell) for cell in cells[:MOST_COLUMNS]]])
        _print({"end": True})
    except Refused as refused:
        _print({"refused": refused.code, "params": refused.params})
    except MemoryError:
        _print({"refused": "too_heavy", "params": {}})
    sys.stdout.flush()


def looks_like(beginning: bytes) -> str:
    """ "workbook" or "text" by the first BEGINNING bytes; raises Refused for everything that is known to be neither."""
    if beginning.startswith(b"PK\x03\x04"):
        return "workbook"
    if beginning.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused("old_excel")  # or one with a password: Excel puts those into the old shell
    if beginning.startswith(FOREIGN):
        raise Refused("kind")
    return "text"


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing can be written but the pipe


def _print(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def _empty(cells: list[Any]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)


def _plain(cell: Any) -> Any:
    if isinstance(cell, str):
        text = UNPRINTABLE.sub("", cell).strip()[:LONGEST_CELL]
        return {"error": text} if text in ERRORS else text or None
    if isinstance(cell, bool):
        return {"flag": cell}
    if isinstance(cell, date | datetime | time | timedelta):
        return {"date": str(cell)}
    return cell


ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"}


# --- Text ----------------------------------------------------------------------------------------


def _csv(path: Path) -> tuple[str, Any]:
    text = _text(path.read_bytes())
    start = 0
    delimiter = _delimiter(text)
    hint = re.match(r"sep=(.)\r?\n", text)
    if hint:
        start, delimiter = 1, hint[1]
    csv.field_size_limit(10 * LONGEST_CELL)

    def rows() -> Iterator[tuple[int, list[Any]]]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        number = 0
        try:
            for number, cells in enumerate(reader, 1):
                if number > start:
                    yield number, list(cells)
        except csv.Error:
            raise Refused("quotes", row=number + 1) from None

    return "csv", rows


def _text(content: bytes) -> str:
    """Strictly UTF-8, UTF-16 with its mark, else Windows-1251."""
    encodings = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1251"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if UNPRINTABLE.search(text):
            break
        if re.match(r"\s*<(!doctype|html|\?xml)", text[:200], re.IGNORECASE):
            raise Refused("web_page")
        return text
    raise Refused("not_text")


def _delimiter(text: str) -> str:
    """The sign that cuts the most of the first lines into equally many cells, two or more."""
    lines = [line for line in text[:100_000].splitlines() if line.strip()][:HEAD]

    def weight(sign: str) -> tuple[int, int]:
        cut = Counter(len(next(csv.reader([line], delimiter=sign), [])) for line in lines)
        return max(((lines, cells) for cells, lines in cut.items() if cells > 1), default=(0, 0))

    return max(";\t,", key=weight)


# --- Workbooks -----------------------------------------------------------------------------------


def _workbook(path: Path) -> tuple[str, Any]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    kind, errors = _guard(path)
    try:
        with path.open("rb") as file:
            book = CalamineWorkbook.from_filelike(file)
        shown = [
            index for index, sheet in enumerate(book.sheets_metadata)
            if str(sheet.visible).endswith("Visible") and str(sheet.typ).endswith("WorkSheet")
        ]  # fmt: skip
        filled = (place for place in shown if book.get_sheet_by_index(place).end is not None)
        place = next(filled, None)
        sheet = None if place is None else book.get_sheet_by_index(place)
    except PasswordError:
        raise Refused("encrypted") from None
    except CalamineError:
        raise Refused("damaged") from None
    if sheet is None or place is None:
        raise Refused("empty")
    left = sheet.start[1] if sheet.start else 0
    merged = _merged(sheet.merged_cell_ranges or [])
    wrong = errors[place] if place < len(errors) else {}

    def rows() -> Iterator[tuple[int, list[Any]]]:
        for number, cells in enumerate(sheet.iter_rows(), 1):
            row: list[Any] = [None] * left + cells
            for column, error in wrong.get(number, {}).items():
                if column < len(row):
                    row[column] = error  # calamine gives nothing for a formula that failed
            if not _empty(row):
                for column in merged.get(number, ()):
                    if column < len(row) and row[column] == "":
                        row[column] = {"merged": True}
            yield number, row

    return kind, rows


def _merged(ranges: list[tuple[tuple[int, int], tuple[int, int]]]) -> dict[int, list[int]]:
    """Row number → columns (from 0) that a merged cell covers and that are therefore empty."""
    covered: dict[int, list[int]] = {}
    left = 20_000  # no honest list merges more
    for (top, first), (bottom, last) in ranges:
        for row in range(top, bottom + 1):
            for column in range(first, min(last, MOST_COLUMNS) + 1):
                left -= 1
                if left < 0:
                    return covered
                if (row, column) != (top, first):
                    covered.setdefault(row + 1, []).append(column)
    return covered


Errors = dict[int, dict[int, str]]  # row number → column from 0 → "#DIV/0!"


def _guard(path: Path) -> tuple[str, list[Errors]]:
    """What the archive is, after it was found harmless: sizes first, then every part of it. With the errors of
    the formulas of each sheet, as xlsx keeps them."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            packed = sum(entry.compress_size for entry in entries)
            if len(entries) > MOST_ENTRIES or unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * max(packed, 1):
                raise Refused("bomb")
            names = {entry.filename for entry in entries}
            errors = {entry.filename: _guard_entry(archive, entry) for entry in entries}
            if (
                "mimetype" in names
                and archive.read("mimetype").strip() == b"application/vnd.oasis.opendocument.spreadsheet"
            ):
                return "ods", []
            if "xl/workbook.xml" in names:
                return "xlsx", [errors.get(part, {}) for part in _sheets(archive)]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError):
        raise Refused("damaged") from None
    raise Refused("kind")


def _sheets(archive: zipfile.ZipFile) -> list[str]:
    """The parts of an xlsx that hold its sheets, in their order."""
    try:
        book, links = archive.read("xl/workbook.xml"), archive.read("xl/_rels/workbook.xml.rels")
    except KeyError:
        return []
    targets = {
        _attribute(link, b"Id"): _attribute(link, b"Target") for link in re.findall(rb"<Relationship\b[^>]*>", links)
    }
    found = [targets.get(_attribute(sheet, b"r:id"), "") for sheet in re.findall(rb"<sheet\b[^>]*>", book)]
    return [target.removeprefix("/") if target.startswith("/") else f"xl/{target}" for target in found]


def _attribute(element: bytes, name: bytes) -> str:
    found = re.search(rb"\b" + name + rb"=[\"']([^\"']*)", element)
    return found[1].decode("utf-8", "replace") if found else ""


def _guard_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Errors:
    name = entry.filename.lower()
    if entry.flag_bits & 1:
        raise Refused("encrypted")
    if name.startswith("/") or ".." in name.split("/"):
        raise Refused("damaged")
    if "vbaproject" in name or name.startswith(("basic/", "scripts/")) or "macrosheets/" in name:
        raise Refused("macros")
    if "externallinks/" in name:
        raise Refused("external_links")
    if "embeddings/" in name:
        raise Refused("nested")
    text = name.endswith((".xml", ".rels"))
    errors: Errors = {}
    tail = b""
    with archive.open(entry) as part:
        # To the end: a part that is longer than its header says is found out by its check sum.
        while block := part.read(BLOCK):
            if not tail and block.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"MZ", b"\x7fELF")):
                raise Refused("nested")
            if text:
                if not tail and block.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")):
                    raise Refused("doctype")  # would hide one from us
                _guard_text(tail + block, name)
            if "worksheets/" in name:
                for letters, row, error in FAILED.findall(tail + block):
                    errors.setdefault(int(row), {})[_column(letters)] = error.decode()
            tail = block[-500:]
    return errors


def _column(letters: bytes) -> int:
    """A → 0, AA → 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1


def _guard_text(text: bytes, name: str) -> None:
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise Refused("doctype")
    if b"manifest:encryption-data" in text:
        raise Refused("encrypted")
    if b"macroEnabled" in text and name == "[content_types].xml":
        raise Refused("macros")
    if LINKED_TABLE.search(text):
        raise Refused("external_links")
    if name.endswith(".rels") and any(
        not _attribute(link, b"Type").endswith(HARMLESS) for link in OUTSIDE.findall(text)
    ):
        raise Refused("external_links")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
