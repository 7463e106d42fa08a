"""`import_prices`: the same pipeline, what it prints and how it ends."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from suppliers.models import PriceList
from tests.suppliers.pricelist.lists import csv_of, everything, stored, xlsx_of

pytestmark = pytest.mark.django_db


def run(path: Path, capsys, *options: str) -> tuple[int, str]:
    """Exit code and what was printed."""
    code = 0
    try:
        call_command("import_prices", str(path), "--supplier", "jarqyn-med", *options)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, capsys.readouterr().out


def file_of(tmp_path: Path, content: bytes, name: str = "prices.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_a_dry_run_then_the_import_then_nothing(shop, tmp_path, capsys):
    path = file_of(tmp_path, xlsx_of([["A1", None, 139000, 20]]), "prices.xlsx")
    before = everything()
    assert run(path, capsys, "--dry-run") == (
        0,
        "Will be a new offer, a draft: 0\nWill change: 1\nNo change: 0\nCannot be accepted: 0\n",
    )
    assert everything() == before
    code, said = run(path, capsys)
    assert code == 0 and "Changed: 1\n" in said
    assert stored(shop.a1)[:2] == (Decimal("139000.00"), 20)
    before = everything()
    assert run(path, capsys) == (code, said)
    assert everything() == before
    assert PriceList.objects.count() == 2


def test_refused_rows_are_named_and_the_exit_code_tells(shop, tmp_path, capsys):
    path = file_of(tmp_path, csv_of([["A1", "", "free", ""], ["A2", "", "98000", ""]]))
    code, said = run(path, capsys, "--language", "ru")
    assert code == 3
    assert said.splitlines()[0] == "2\tA1\tНе принято\tC2: «free» – не число. Напишите цифрами, например 15000."
    assert stored(shop.a2)[0] == Decimal("98000.00")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7", "This is not a price list"),
        (b"A1;1\n", "We do not find the names"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_not_read_is_an_error(shop, tmp_path, content, words):
    path = tmp_path / "prices.csv" if content is None else file_of(tmp_path, content)
    before = everything()
    with pytest.raises(CommandError, match=words):
        call_command("import_prices", str(path), "--supplier", "jarqyn-med")
    assert everything() == before


def test_an_unknown_supplier_is_an_error(shop, tmp_path):
    with pytest.raises(CommandError, match="there is no supplier nobody"):
        call_command("import_prices", str(file_of(tmp_path, csv_of([]))), "--supplier", "nobody")
