"""POST /supplier/price-list and what follows from it: shapes, repeats, refusals, three languages."""

import uuid
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from suppliers.models import PriceList
from suppliers.pricelist import jobs
from tests.suppliers.pricelist.lists import csv_of, everything, stored
from tests.suppliers.test_pages import signed_in

pytestmark = pytest.mark.django_db
HERE = "/api/v1/supplier/price-list"


def post(client: Client, content: bytes, *, language: str = "en", key: str = "", **fields):
    headers = {"Accept-Language": language} | ({"Idempotency-Key": key} if key else {})
    return client.post(HERE, {"file": SimpleUploadedFile("prices.csv", content), **fields}, headers=headers)


def test_a_dry_run_then_the_list_itself(shop):
    client = signed_in(shop.yerlan)
    content = csv_of([["A1", "", "139000", 20], ["A2", "", "", "many"]])
    before = everything()
    checked = post(client, content, dry_run="true").json()
    assert everything() == before
    assert (checked["status"], checked["dry_run"], checked["rows"], checked["changed"]) == ("done", True, 2, 1)
    assert checked["errors"] == [
        {
            "row": 3,
            "sku": "A2",
            "result": "refused",
            "remarks": [
                {
                    "cell": "D3",
                    "code": "number",
                    "message": "“many” is not a number. Write it in digits, for example 15000.",
                }
            ],
        }
    ]
    applied = post(client, content)
    assert applied.status_code == 200 and applied.json()["id"] != checked["id"]
    assert stored(shop.a1)[:2] == (Decimal("139000.00"), 20)
    rows = client.get(f"{HERE}/{applied.json()['id']}/rows").json()
    assert (rows["count"], rows["next"]) == (2, None)
    assert [(row["row"], row["sku"], row["result"]) for row in rows["results"]] == [
        (2, "A1", "changed"),
        (3, "A2", "refused"),
    ]


def test_the_same_request_and_the_same_file_answer_alike(shop):
    client, key = signed_in(shop.yerlan), str(uuid.uuid4())
    content = csv_of([["A1", "", "139000", 20]])
    first = post(client, content, key=key)
    before = everything()
    again, other_key = post(client, content, key=key), post(client, content, key=str(uuid.uuid4()))
    assert again["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in other_key
    assert first.json() == again.json() == other_key.json()
    assert everything() == before and PriceList.objects.count() == 1
    reused = post(client, csv_of([["A1", "", "1", 20]]), key=key)
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    assert everything() == before


def test_a_list_that_takes_longer_is_asked_for(shop, monkeypatch):
    monkeypatch.setattr(jobs, "SMALL", 0)
    client = signed_in(shop.yerlan)
    answer = post(client, csv_of([["A1", "", "139000", 20]]))
    assert (answer.status_code, answer.json()["status"]) == (202, "waiting")
    jobs.advance(answer.json()["id"], 0)
    found = client.get(answer.json()["url"]).json()
    assert (found["status"], found["done"]) == ("done", 1)


def test_pages_of_rows(shop, monkeypatch):
    monkeypatch.setattr("suppliers.pricelist.api.PAGE", 2)
    client = signed_in(shop.yerlan)
    found = post(client, csv_of([["A1", "", number, ""] for number in range(1, 6)])).json()
    seen, page = [], client.get(found["rows_url"]).json()
    while page:
        seen += [row["row"] for row in page["results"]]
        page = client.get(page["next"]).json() if page["next"] else None
    assert seen == [2, 3, 4, 5, 6]
    assert client.get(found["rows_url"], {"page": "9" * 30}).status_code in (200, 422)


@pytest.mark.parametrize(
    ("language", "words"),
    [("kk", "Бұл кесте емес"), ("ru", "Это веб-страница, а не таблица."), ("en", "This is a web page, not a table.")],
)
def test_a_refused_file_says_why_in_the_readers_language(shop, language, words):
    before = everything()
    answer = post(signed_in(shop.yerlan), b"<!DOCTYPE html><table><tr><td>A1</td></tr></table>", language=language)
    assert (answer.status_code, answer.json()["status"]) == (200, "refused")
    assert answer.json()["problem"].startswith(words)
    assert everything() == before


def test_who_may_not(shop):
    content = csv_of([["A1", "", "1", 1]])
    assert post(Client(), content).status_code == 401
    mine = post(signed_in(shop.yerlan), content, dry_run="1").json()
    natalya = signed_in(shop.qadam.users.get())
    missing = natalya.get(f"{HERE}/{uuid.uuid4()}")
    for path in ("", "/rows"):
        foreign = natalya.get(f"{HERE}/{mine['id']}{path}")
        assert foreign.status_code == 404 and foreign.json() == missing.json()
    empty = signed_in(shop.yerlan).post(HERE, {})
    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (422, "file")
    assert post(signed_in(shop.yerlan), b"\x89PNG\r\n\x1a\n").json()["errors"][0]["code"] == "kind"
    from tests import factories as make

    assert post(signed_in(make.make_person("marat")), content).status_code == 403
