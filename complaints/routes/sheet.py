"""A routing table as a sheet: down as CSV for an office program, up again with every wrong cell named."""

import csv
import io
from typing import Any

from django.utils.translation import gettext_lazy as _

from complaints.routes.checking import LANGUAGES
from marketplace.errors import FieldError, Invalid

LISTS = ("spheres", "also", "escalates_to")
FLAGS = ("hide_person", "hold_payment")
TEXTS = ("why", "legal_basis")
COLUMNS = (
    "rule", "subject", "spheres", "first", "also", "escalates_to", "priority", *FLAGS,
    *(f"{name}_{language}" for name in TEXTS for language in LANGUAGES),
)  # fmt: skip
MAX_BYTES = 1_000_000
MAX_ROWS = 500
_YES, _NO = "yes", "no"


def write(rows: list[dict[str, Any]]) -> bytes:
    """With a byte order mark, so that office programs read Kazakh letters. Codes of a list stand with spaces between."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        texts = [row[name].get(language, "") for name in TEXTS for language in LANGUAGES]
        writer.writerow([
            row["rule"], row["subject"], " ".join(row["spheres"]), row["first"], " ".join(row["also"]),
            " ".join(row["escalates_to"]), row["priority"], *(_YES if row[name] else _NO for name in FLAGS), *texts,
        ])  # fmt: skip
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def read(content: bytes) -> list[dict[str, Any]]:
    """The rows of such a file; their codes are checked before publishing. Raises Invalid."""
    if len(content) > MAX_BYTES:
        raise _refused(_("The file is larger than 1 MB."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(_("Save the file as CSV in UTF-8.")) from None
    if "\x00" in text:
        raise _refused(_("Save the file as CSV in UTF-8."))
    try:
        dialect: Any = csv.Sniffer().sniff(text[:2000], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    lines = list(csv.DictReader(io.StringIO(text), dialect=dialect))
    if not lines or len(lines) > MAX_ROWS:
        raise _refused(_("The file must have from 1 to 500 rows."))
    missing = [name for name in COLUMNS if name not in lines[0]]
    if missing:
        raise _refused(_("The file has no column %(names)s.") % {"names": ", ".join(missing)})
    return [_row(line) for line in lines]


def _row(line: dict[str, Any]) -> dict[str, Any]:
    cells = {name: str(line[name] or "").strip() for name in COLUMNS}
    return {
        **{name: cells[name] for name in ("rule", "subject", "first", "priority")},
        **{name: cells[name].replace(",", " ").split() for name in LISTS},
        **{name: cells[name].lower() in (_YES, "true", "1") for name in FLAGS},
        **{name: {language: cells[f"{name}_{language}"] for language in LANGUAGES} for name in TEXTS},
    }


def _refused(message: Any) -> Invalid:
    return Invalid([FieldError("sheet", "sheet", message)])
