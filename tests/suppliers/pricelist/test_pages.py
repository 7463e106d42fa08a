"""The pages: send, see the check, apply, see the result; files to take home; nobody else's."""

import io
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from suppliers.models import PriceList
from suppliers.pricelist import jobs
from tests.suppliers.pricelist.lists import csv_of, everything, stored
from tests.suppliers.test_pages import assert_sound, open_page, signed_in, text_of

pytestmark = pytest.mark.django_db
HERE = "/en/supplier/price-lists/"


def upload(client: Client, content: bytes, name: str = "осень.csv"):
    return client.post(HERE, {"file": SimpleUploadedFile(name, content)})


def test_from_the_file_to_the_result(shop):
    client = signed_in(shop.yerlan)
    assert 'href="/en/supplier/price-lists/"' in open_page(client, "/en/supplier/offers/")
    before = everything()
    answer = upload(client, csv_of([["A1", "", "139 000,50", 20], ["A2", "", "free", 1]]))
    assert answer.status_code == 302
    page = text_of(open_page(client, answer["Location"]))
    assert "осень.csv" in page and "Will change 1" in page and "Cannot be accepted 1" in page
    assert "C3: “free” is not a number. Write it in digits, for example 15000." in page
    assert everything() == before
    applied = client.post(f"{answer['Location']}apply/")
    assert applied.status_code == 302 and applied["Location"] != answer["Location"]
    assert stored(shop.a1)[:2] == (Decimal("139000.50"), 20)
    assert "Changed 1" in text_of(open_page(client, applied["Location"]))
    assert "This price list is applied" in text_of(open_page(client, answer["Location"]))
    assert "осень.csv" in text_of(open_page(client, HERE))
    assert (
        upload(client, csv_of([["A1", "", "139 000,50", 20], ["A2", "", "free", 1]]))["Location"] == answer["Location"]
    )


def test_the_result_is_a_file_in_the_readers_language_without_formulas(shop):
    client = signed_in(shop.yerlan)
    place = upload(client, csv_of([["=cmd|' /C calc'!A0", "qulyn-s", "1", "1"], ["A1", "", "-5", ""]]))["Location"]
    text = client.get(f"{place}result.csv")
    assert (
        text["Content-Disposition"]
        == f'attachment; filename="result-{PriceList.objects.get().created_at:%Y-%m-%d}.csv"'
    )
    rows = text.content.decode("utf-8-sig").splitlines()
    assert rows[0] == "Row;Article;Result;Remarks"
    assert rows[2] == "3;A1;Cannot be accepted;C3: The price must be above zero and below ten billion tenge."
    assert not any(cell.lstrip('"').startswith(("=", "+", "@")) for row in rows for cell in row.split(";"))
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{place}result.xlsx").content))
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} <= {"s", "n"}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_template_is_understood_when_it_comes_back(shop, kind):
    client = signed_in(shop.yerlan)
    for language in ("en", "ru", "kk"):
        content = client.get(f"/{language}/supplier/price-lists/template/", {"kind": kind}).content
        place = upload(client, content, f"{language}.{kind}")["Location"]
        found = PriceList.objects.get(pk=place.rstrip("/").rpartition("/")[2])
        assert (found.status, found.rows, found.refused) == ("done", 2, 0), language
    listed = client.get("/en/supplier/price-lists/template/", {"kind": "csv", "type": "child-walker"}).content.decode()
    assert "bota-50" in listed and "qulyn-s" in listed and "secret" not in listed
    assert client.get("/en/supplier/price-lists/template/", {"type": "nothing"}).status_code == 404


def test_a_file_that_is_none_is_refused_on_the_page(shop):
    client = signed_in(shop.yerlan)
    for answer, words in (
        (client.post(HERE, {}), "Choose the file of your price list."),
        (upload(client, b""), "The file is empty."),
        (upload(client, b"%PDF-1.7 ..."), "This is not a price list that we can read."),
    ):
        assert answer.status_code == 422
        assert_sound(answer.content.decode())
        assert words in text_of(answer.content.decode())
    assert PriceList.objects.count() == 0


def test_a_list_on_its_way_shows_how_far_it_is_and_renews_itself(shop, monkeypatch):
    monkeypatch.setattr(jobs, "SMALL", 0)
    client = signed_in(shop.yerlan)
    place = upload(client, csv_of([["A1", "", "5", ""]]))["Location"]
    answer = client.get(place)
    assert answer["Refresh"] == "4" and "<progress" in answer.content.decode()
    assert_sound(answer.content.decode())
    assert "Refresh" not in client.get(place, {"still": "1"})
    assert client.post(f"{place}apply/").status_code == 409
    assert client.get(f"{place}result.csv").status_code == 404


def test_other_people_see_nothing(shop):
    place = upload(signed_in(shop.yerlan), csv_of([["A1", "", "5", ""]]))["Location"]
    before = everything()
    natalya = signed_in(shop.qadam.users.get())
    missing = natalya.get(f"{HERE}00000000-0000-4000-8000-000000000000/")
    for path in (place, f"{place}result.csv"):
        assert natalya.get(path).status_code == 404 == missing.status_code
    for action in ("apply", "anew"):
        assert natalya.post(f"{place}{action}/").status_code == 404
    assert place not in natalya.get(HERE).content.decode()
    assert everything() == before
