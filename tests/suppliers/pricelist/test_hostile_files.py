"""Files made to break the reader or to slip something in: each is refused or cleaned, in the right words.

Every file is made here, byte by byte where a library would not write it. After a refusal nothing has changed.
"""

import io
import zipfile
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from suppliers.pricelist import jobs, words
from tests.suppliers.pricelist.lists import HEAD, csv_of, everything, results, send, stored, xlsx_of

pytestmark = pytest.mark.django_db

GOOD = [["A1", None, 139000, 20]]
LINK = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}" '
    'TargetMode="External"/></Relationships>'
)
ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.2"><office:body><office:spreadsheet>'
    '<table:table table:name="Prices">{extra}{rows}</table:table></office:spreadsheet></office:body>'
    "</office:document-content>"
)

MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry '
    'manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
)


def changed(content: bytes, put: dict[str, bytes | str], level: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A workbook with parts added or replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", level) as new:
        for entry in old.infolist():
            if entry.filename not in put:
                new.writestr(entry.filename, old.read(entry))
        for name, part in put.items():
            new.writestr(name, part)
    return out.getvalue()


def part_of(content: bytes, name: str) -> str:
    return zipfile.ZipFile(io.BytesIO(content)).read(name).decode()


def ods_of(rows, extra: str = "", **parts: str) -> bytes:
    def cell(value) -> str:
        if isinstance(value, int | float):
            return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'

    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in [HEAD, *rows])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", ODS.format(rows=body, extra=extra))
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/"), part)
    return out.getvalue()


def sheet_with(cell: str) -> bytes:
    """A workbook in which the price of A1 is this piece of XML."""
    good = xlsx_of(GOOD)
    name = "xl/worksheets/sheet1.xml"
    xml = part_of(good, name)
    start = xml.index('<c r="C2"')
    end = xml.index("</c>", start) + 4
    return changed(good, {name: xml[:start] + cell + xml[end:]})


def lying_zip() -> bytes:
    """Says in its directory that a part has ten bytes; the part has ten thousand."""
    content = bytearray(changed(xlsx_of(GOOD), {"xl/lie.xml": b"A" * 10_000}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = 0
        while (place := content.find(mark, place)) >= 0:
            name_at = place + (30 if mark == b"PK\x03\x04" else 46)
            if content[name_at : name_at + 10] == b"xl/lie.xml":
                content[place + offset : place + offset + 4] = (10).to_bytes(4, "little")
            place += 4
    return bytes(content)


def with_password() -> bytes:
    content = bytearray(xlsx_of(GOOD))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(mark)
        content[place + offset] |= 1
    return bytes(content)


def far_away() -> bytes:
    book = openpyxl.Workbook()
    for row in [HEAD, *GOOD]:
        book.active.append(row)
    book.active["XFD1048576"] = "x"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def many_rows(count: int) -> bytes:
    return b"sku;price\n" + b"".join(b"N%d;1\n" % number for number in range(count))


BOMB = b"<!-- " + b" " * (60 * 1024 * 1024) + b" -->"
WHOLE_FILES = {
    "a bomb that unpacks to 60 MB": (lambda: changed(xlsx_of(GOOD), {"xl/comments1.xml": BOMB}), "bomb"),
    "a small bomb with a ratio of a thousand": (
        lambda: changed(xlsx_of(GOOD), {"xl/comments1.xml": b" " * 5_000_000}),
        "bomb",
    ),
    "a bomb of a thousand entries": (
        lambda: changed(xlsx_of(GOOD), {f"xl/media/{number}.xml": b"x" for number in range(1000)}),
        "bomb",
    ),
    "a part longer than it says": (lying_zip, "damaged"),
    "a zip in the zip": (lambda: changed(xlsx_of(GOOD), {"xl/media/a.png": xlsx_of(GOOD)}), "nested"),
    "a document embedded": (lambda: changed(xlsx_of(GOOD), {"xl/embeddings/o.bin": b"x"}), "nested"),
    "a program in the zip": (lambda: changed(xlsx_of(GOOD), {"xl/media/a.png": b"MZ\x90\x00"}), "nested"),
    "a document type": (
        lambda: changed(
            xlsx_of(GOOD), {"xl/workbook.xml": "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>"}
        ),
        "doctype",
    ),
    "a billion laughs": (
        lambda: changed(
            ods_of(GOOD), {"content.xml": '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>'}
        ),
        "doctype",
    ),
    "a document type in UTF-16": (
        lambda: changed(xlsx_of(GOOD), {"xl/workbook.xml": "<!DOCTYPE x><x/>".encode("utf-16")}),
        "doctype",
    ),
    "an external workbook": (
        lambda: changed(xlsx_of(GOOD), {"xl/externalLinks/externalLink1.xml": "<externalLink/>"}),
        "external_links",
    ),
    "a picture from the internet": (
        lambda: changed(
            xlsx_of(GOOD),
            {"xl/drawings/_rels/drawing1.xml.rels": LINK.format(kind="image", target="http://10.0.0.1/x.png")},
        ),
        "external_links",
    ),
    "a table of an ods linked elsewhere": (
        lambda: ods_of(GOOD, extra='<table:table-source xlink:href="http://10.0.0.1/x.ods"/>'),
        "external_links",
    ),
    "macros": (lambda: changed(xlsx_of(GOOD), {"xl/vbaProject.bin": b"x"}), "macros"),
    "macros of an ods": (lambda: ods_of(GOOD, Basic__Standard__a="x"), "macros"),
    "a password": (with_password, "encrypted"),
    "a path out of the archive": (lambda: changed(xlsx_of(GOOD), {"../../etc/cron.d/x": b"x"}), "damaged"),
    "a zip cut in the middle": (lambda: xlsx_of(GOOD)[:2000], "damaged"),
    "a workbook of nonsense": (lambda: changed(xlsx_of(GOOD), {"xl/workbook.xml": "<<<"}), "damaged"),
    "a document of Word": (lambda: changed(xlsx_of(GOOD), {}).replace(b"xl/", b"wo/"), "kind"),
    "a cell at the far end of the sheet": (far_away, "too_heavy"),
    "a cell repeated a milliard times": (
        lambda: ods_of(
            GOOD,
            extra='<table:table-row table:number-rows-repeated="1000000"><table:table-cell '
            'table:number-columns-repeated="1000" office:value-type="string"><text:p>x</text:p></table:table-cell>'
            "</table:table-row>",
        ),
        "damaged",
    ),
    "NUL characters": (lambda: b"sku;price\nA1;1\x00\n", "not_text"),
    "bytes of no encoding": (lambda: b"sku;price\nA1;\x98\xff1\n", "not_text"),
    "a web page": (lambda: b"<html><table><tr><td>A1</table></html>", "web_page"),
    "an open quotation mark": (lambda: b'sku;price\nA1;5\nA2;"7\n' + b"x;1\n" * 50, "quotes"),
    "no names of columns": (lambda: b"A1;139000\nA2;99000\n", "no_columns"),
    "names and nothing below": (lambda: b"sku;price\n\n;\n", "no_rows"),
    "a hundred thousand rows and one": (lambda: many_rows(100_001), "too_many_rows"),
}
AT_THE_DOOR = {
    "a PDF": (b"%PDF-1.7", "kind"),
    "a picture": (b"\xff\xd8\xff\xe0", "kind"),
    "a program": (b"\x7fELF", "kind"),
    "an empty zip": (b"PK\x05\x06" + b"\0" * 18, "kind"),
    "an old Excel file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_excel"),
    "nothing": (b"", "empty"),
}


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_a_hostile_file_is_refused_whole(shop, name):
    make_file, code = WHOLE_FILES[name]
    before = everything()
    found = send(shop, make_file())
    assert (found.status, found.refusal.get("code")) == ("refused", code)
    assert (found.rows, found.position, found.parts.count()) == (0, 0, 0)
    assert everything() == before
    assert words.said(found.refusal["code"], found.refusal["params"])


@pytest.mark.parametrize("name", AT_THE_DOOR)
def test_what_is_no_list_is_refused_at_the_door(shop, name):
    content, code = AT_THE_DOOR[name]
    from marketplace.errors import Invalid

    with pytest.raises(Invalid) as refused:
        send(shop, content)
    assert [(error.field, error.code) for error in refused.value.errors] == [("file", code)]


def test_a_file_over_the_limit_is_refused_at_the_door(shop, monkeypatch):
    from marketplace.errors import Invalid

    monkeypatch.setattr(jobs.reading, "MOST_BYTES", 10)
    with pytest.raises(Invalid) as refused:
        send(shop, csv_of([["A1", "", 1, 1]]))
    assert refused.value.errors[0].code == "too_large"


# --- Cells: one row is refused, by its cell; the others count -------------------------------------

CELLS = {
    "a negative price": (["A1", "", -5, ""], "C2 price_range"),
    "no price": (["A1", "", 0, ""], "C2 price_range"),
    "a price beyond all": (["A1", "", "99999999999", ""], "C2 price_range"),
    "thirds of a tiyn": (["A1", "", "1000.0055", ""], "C2 price_places"),
    "words for a price": (["A1", "", "on request", ""], "C2 number"),
    "a formula for a price": (["A1", "", "=1+1", ""], "C2 number"),
    "a number of the machine": (["A1", "", "1e5", ""], "C2 number"),
    "not a number": (["A1", "", "NaN", ""], "C2 number"),
    "a price in two ways": (["A1", "", "142,000", ""], "C2 two_ways"),
    "a negative stock": (["A1", "", "", -1], "D2 stock_range"),
    "half a pack": (["A1", "", "", "2,5"], "D2 whole"),
    "a stock beyond all": (["A1", "", "", 10**7], "D2 stock_range"),
    "an article as a formula": (["=cmd|' /C calc'!A0", "qulyn-s", 1, 1], "A2 signs"),
    "an article with markup": (["<script>alert(1)</script>", "qulyn-s", 1, 1], "A2 signs"),
    "an endless article": (["x" * 900, "qulyn-s", 1, 1], "A2 long"),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_hostile_cell_is_named_and_the_other_rows_count(shop, name):
    row, remark = CELLS[name]
    before = stored(shop.a1)
    found = send(shop, csv_of([row, ["A2", "", "98000", ""]]))
    assert results(found) == [(row[0][:128], "refused", [remark]), ("A2", "changed", [])]
    assert stored(shop.a1) == before
    assert stored(shop.a2)[0] == Decimal("98000.00")


@pytest.mark.parametrize(
    ("cell", "remark"),
    [
        ('<c r="C2" t="b"><v>1</v></c>', "C2 flag"),
        ('<c r="C2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "C2 error"),
        ('<c r="C2" t="str"><f>HYPERLINK("http://10.0.0.1")</f><v>free</v></c>', "C2 number"),
        ('<c r="C2"><v>1E400</v></c>', "C2 number"),
    ],
)
def test_hostile_cells_of_a_workbook(shop, cell, remark):
    before = everything()
    found = send(shop, sheet_with(cell))
    assert [kind for _sku, kind, _remarks in results(found)] == ["refused"] and results(found)[0][2] == [remark]
    assert everything() == before


def test_a_formula_counts_by_the_value_that_it_had(shop):
    send(shop, sheet_with('<c r="C2"><f>SUM(1,2)</f><v>139000</v></c>'))
    assert stored(shop.a1)[0] == Decimal("139000.00"), "its last value, never three"


def test_dates_and_merged_cells_are_named(shop):
    found = send(
        shop,
        xlsx_of([["A1", None, date(2026, 5, 1), 1], ["A2", None, 98000, 5], ["A1", None, None, 7]], merged=["C3:C4"]),
    )
    assert results(found) == [("A1", "refused", ["C2 date"]), ("A2", "changed", []), ("A1", "refused", ["C4 merged"])]


def test_a_hyperlink_in_a_cell_is_no_external_link(shop):
    rels = LINK.format(kind="hyperlink", target="https://example.kz")
    send(shop, changed(xlsx_of(GOOD), {"xl/worksheets/_rels/sheet1.xml.rels": rels}))
    assert stored(shop.a1)[0] == Decimal("139000.00")


# --- What looks strange and is right ---------------------------------------------------------------

RUSSIAN = "Артикул;Цена;Остаток\r\nA1;139\u00a0000,50 ₸;20\r\n"
FINE = {
    "semicolons and a decimal comma": csv_of([["A1", "", "139000,50", 20]]),
    "commas": csv_of([["A1", "", "139000.50", 20]], separator=","),
    "commas and quotation marks": b'sku,price,stock\n"A1","139000,50","20"\n',
    "commas below a title and in names": b'Prices of autumn\nsku,price,stock,title\nA1,139000.50,20,"Walker; blue; for a child"\n',
    "semicolons and commas in names": b"sku;title;price;stock\nA1;Walker, blue, for a child, folds;139000,50;20\n",
    "tabulators": csv_of([["A1", "", "139000,50", 20]], separator="\t"),
    "the mark of UTF-8": csv_of([["A1", "", "139000,50", 20]], encoding="utf-8-sig"),
    "Windows-1251": RUSSIAN.replace("₸", "тг").encode("cp1251"),
    "UTF-8 in Russian with spaces that do not break": RUSSIAN.encode(),
    "UTF-16 of Excel": RUSSIAN.replace(";", "\t").encode("utf-16"),
    "thousands by commas": b"sku;price;stock\nA1;139,000.50;20\n",
    "thousands by points": b"sku;price;stock\nA1;139.000,50;20\n",
    "a hint of Excel": b"sep=;\r\nsku;price;stock\r\nA1;139000,5;20\r\n",
    "empty lines and a title above": b"Prices of autumn\n\n\nsku;price;stock\n\nA1;139000,5;20\n\n",
    "a workbook": xlsx_of([["A1", None, 139000.5, 20]]),
    "a workbook with a number as an amount of packs in text": xlsx_of([["A1", None, "139 000,5", "20"]]),
    "an open document": ods_of([["A1", "", 139000.5, 20]]),
}


@pytest.mark.parametrize("name", FINE)
def test_what_people_really_send_is_read(shop, name):
    found = send(shop, FINE[name])
    assert (found.status, results(found)) == ("done", [("A1", "changed", [])])
    assert stored(shop.a1)[:2] == (Decimal("139000.50"), 20)


def test_a_comma_that_cuts_a_number_is_seen(shop):
    before = everything()
    found = send(shop, b"sku,price\nA1,139000,50\nA1,139000,50\n")
    assert {tuple(remarks) for _sku, _kind, remarks in results(found)} == {("C2 extra",), ("C3 extra",)}
    assert everything() == before


def test_the_first_filled_sheet_counts_and_hidden_ones_do_not(shop):
    book = openpyxl.Workbook()
    book.active.title = "Old"
    for row in [HEAD, ["A1", None, 1, 1]]:
        book.active.append(row)
    book.active.sheet_state = "hidden"
    shown = book.create_sheet("New")
    shown["C3"], shown["D3"] = "sku", "price"
    shown["C4"], shown["D4"] = "A1", "x"
    out = io.BytesIO()
    book.save(out)
    assert results(send(shop, out.getvalue())) == [("A1", "refused", ["D4 number"])]
