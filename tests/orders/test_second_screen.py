"""The person beside the desk sees the application on a second screen and says line by line what is right."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import translation

from marketplace import crypto, limits
from marketplace.drafts import hand_over, mirror
from marketplace.models import Draft, Event, Mirror, PersonRecord
from orders.models import Order
from suppliers.models import StockRecord
from tests.concurrency.threads import Meeting, together
from tests.orders import factories as make

SCREEN = "/api/v1/mirror"
OFFICE = {"consent.proof": "visit", "consent.date": "2026-11-23"}


@pytest.fixture(autouse=True)
def fresh_counts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def browser(user: Any) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def path(name: str, *args: Any) -> str:
    return reverse(name, args=args)


@pytest.fixture
def draft(family) -> Draft:
    """Two lines, written by Gulnar with the mother beside her."""
    fields = make.fields_for(
        (family.diapers, family.diaper_offer, 2), (family.walker, family.walker_offer, 1), **OFFICE
    )
    del fields["consent.terms"]
    return make.make_draft(family.gulnar, fields, beneficiary_id=family.alihan.pk)


@pytest.fixture
def desk(family) -> Client:
    return browser(family.gulnar)


def code_from(desk: Client, draft: Draft) -> str:
    response = desk.post(f"/api/v1/drafts/{draft.pk}/mirror")
    assert response.status_code == 201, response.content
    return str(response.json()["code"])


def joined(code: str) -> Client:
    """A tablet that entered the code."""
    tablet = Client(headers={"Accept-Language": "en"})
    answer = tablet.post(path("marketplace:mirror"), {"code": code})
    assert (answer.status_code, answer["Location"]) == (302, path("marketplace:mirror"))
    return tablet


@pytest.fixture
def tablet(desk: Client, draft: Draft) -> Client:
    return joined(code_from(desk, draft))


def lines(tablet: Client) -> dict[str, dict[str, Any]]:
    return {line["key"]: line for line in tablet.get(SCREEN).json()["lines"]}


def press(tablet: Client, key: str, seal: str = "") -> None:
    seal = seal or lines(tablet)[key]["seal"]
    assert tablet.post(path("marketplace:mirror_confirm"), {"line": f"{key}:{seal}"}).status_code == 302


def send(desk: Client, draft: Draft) -> Any:
    rev = Draft.objects.values_list("rev", flat=True).get(pk=draft.pk)
    return desk.post(
        f"/api/v1/drafts/{draft.pk}/submit", headers={"Idempotency-Key": f"k{rev}", "If-Match": f'"{rev}"'}
    )


def test_the_screen_shows_goods_sums_and_address_and_no_number_of_the_person(family, tablet: Client) -> None:
    shown = tablet.get(SCREEN)
    data = shown.json()
    assert shown["Cache-Control"] == "private, no-store"
    assert (data["person"], data["all_confirmed"]) == (str(family.alihan), False)
    diapers, walker = data["lines"]
    facts = {fact["label"]: fact["value"].replace("\xa0", " ") for fact in diapers["facts"]}
    assert facts == {
        "Supplier": family.jarqyn.name,
        "Quantity": "2 packs (60 pieces)",
        "Price": "11,400 ₸",
        "The state pays": "11,400 ₸",
        "You pay": "0 ₸",
    }
    assert {fact["label"]: fact["value"].replace("\xa0", " ") for fact in walker["facts"]}["You pay"] == "12,500 ₸"
    assert [fact["value"].replace("\xa0", " ") for fact in data["totals"]] == ["171,400 ₸", "12,500 ₸"]
    page = tablet.get(path("marketplace:mirror")).content.decode()
    assert "8 700 000 00 11" in page and make.ADDRESS in page and "Айгүл Нұрланова" in page
    assert page.count("This is right</button>") == 2
    PersonRecord.objects.filter(user=family.alihan).update(iin_encrypted=b"x")
    assert not re.search(r"\b[0-9]{12}\b", page)


def test_the_screen_opens_no_other_page(family, draft: Draft, tablet: Client) -> None:
    for closed in ("orders:applications", "orders:programme", "orders:office", "marketplace:account"):
        assert "/account/login/" in tablet.get(path(closed))["Location"], closed
    assert "/account/login/" in tablet.get(path("orders:draft", draft.pk))["Location"]
    for api in (f"/api/v1/drafts/{draft.pk}", "/api/v1/orders", "/api/v1/me"):
        assert tablet.get(api).status_code == 401, api
    page = tablet.get(path("marketplace:mirror")).content.decode()
    assert set(re.findall(r'<a [^>]*href="([^"]+)"', page)) == {"/kk/mirror/", "/ru/mirror/"}


def test_the_cookie_is_strict_and_only_its_hash_is_stored(desk: Client, draft: Draft) -> None:
    tablet = joined(code_from(desk, draft))
    cookie = tablet.cookies["mirror"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["max-age"] == 3600
    stored = Mirror.objects.get()
    assert cookie.value.encode() not in bytes(stored.token_hash) and len(cookie.value) >= 43
    assert tablet.get(path("marketplace:mirror"))["Cache-Control"] == "private, no-store"


def test_nothing_new_is_a_304_and_a_save_is_news(family, draft: Draft, tablet: Client) -> None:
    first = tablet.get(SCREEN)
    assert tablet.get(SCREEN, headers={"If-None-Match": first["ETag"]}).status_code == 304
    make.save(draft.pk, family.gulnar, {"line.a.quantity": 3})
    fresh = tablet.get(SCREEN, headers={"If-None-Match": first["ETag"]})
    assert fresh.status_code == 200
    assert "3 packs (90 pieces)" in str(fresh.json()["lines"][0]["facts"]).replace("\\xa0", " ")
    assert tablet.get(SCREEN, headers={"If-None-Match": fresh["ETag"], "Accept-Language": "ru"}).status_code == 200


def test_an_unchanged_screen_costs_one_query(tablet: Client, django_assert_num_queries) -> None:
    etag = tablet.get(SCREEN)["ETag"]
    with django_assert_num_queries(1):
        assert tablet.get(SCREEN, headers={"If-None-Match": etag}).status_code == 304


def test_the_office_sends_only_what_the_person_confirmed(family, desk: Client, draft: Draft, tablet: Client) -> None:
    press(tablet, "a")

    refused = send(desk, draft)

    assert (refused.status_code, refused.json()["code"]) == (409, "not_confirmed")
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [("line.b", "not_confirmed")]
    assert "Жүріс тірегі" in refused.json()["errors"][0]["message"]
    assert Order.objects.count() == 0
    assert Draft.objects.get(pk=draft.pk).status == "open"

    press(tablet, "b")
    assert send(desk, draft).status_code == 201
    assert Order.objects.count() == 2
    sent = Event.objects.filter(kind="order.sent")
    for event in sent:
        said = event.data["confirmed"]
        assert said["by"] == "second screen" and set(said["lines"]) == {"a", "b"}
        assert said["lines"]["a"]["versions"] == {
            "line.a.entitlement": 1, "line.a.offer": 1, "line.a.quantity": 1
        }  # fmt: skip
        assert said["lines"]["a"]["at"].startswith("2026-11-23T05:00:00")
    presses = Event.objects.filter(kind="draft.line_confirmed")
    assert [(event.actor, event.on_behalf_of, event.data["line"]) for event in presses] == [
        (None, family.alihan, "a"), (None, family.alihan, "b"),
    ]  # fmt: skip


def test_the_page_names_the_lines_that_are_not_confirmed(desk: Client, draft: Draft, tablet: Client) -> None:
    page = desk.get(path("orders:check", draft.pk)).content.decode()
    assert "You can send when she has confirmed every line there." in page
    you_pay = re.search(r'name="you_pay" value="([0-9.]+)"', page)[1]
    form = {"rev": draft.rev, "you_pay": you_pay, "key": "k"}
    refused = desk.post(path("orders:check", draft.pk), form)
    assert refused.status_code == 409
    text = refused.content.decode()
    assert text.count('<a href="#screen">Ask the person to press') == 2 and 'id="screen"' in text
    assert Order.objects.count() == 0
    press(tablet, "a")
    press(tablet, "b")
    assert "The person has confirmed every line" in desk.get(path("orders:check", draft.pk)).content.decode()
    assert desk.post(path("orders:check", draft.pk), form)["Location"] == path("orders:submitted", draft.pk)


def test_a_change_of_a_line_voids_its_confirmation_and_says_so(
    family, desk: Client, draft: Draft, tablet: Client
) -> None:
    press(tablet, "a")
    press(tablet, "b")
    make.save(draft.pk, family.gulnar, {"line.a.quantity": 3})

    assert {key: line["state"] for key, line in lines(tablet).items()} == {"a": "changed", "b": "confirmed"}
    assert "This line has changed. Look at it again." in tablet.get(path("marketplace:mirror")).content.decode()
    assert send(desk, draft).status_code == 409
    press(tablet, "a")
    assert send(desk, draft).status_code == 201


def test_a_price_that_moved_is_another_line(family, desk: Client, draft: Draft, tablet: Client) -> None:
    press(tablet, "a")
    press(tablet, "b")
    StockRecord.objects.filter(pk=family.walker_offer.pk).update(price=Decimal("180000.00"))
    assert send(desk, draft).json()["errors"][0]["field"] == "line.b"


def test_what_she_did_not_see_is_not_confirmed(family, draft: Draft, tablet: Client) -> None:
    seen = lines(tablet)["a"]["seal"]
    make.save(draft.pk, family.gulnar, {"line.a.quantity": 12})
    press(tablet, "a", seal=seen)
    assert lines(tablet)["a"]["state"] == "open"
    assert not Event.objects.filter(kind="draft.line_confirmed").exists()
    assert "This line has just changed." in tablet.get(path("marketplace:mirror")).content.decode()


def test_the_mother_who_sends_for_herself_needs_no_screen(family, draft: Draft, tablet: Client) -> None:
    make.save(draft.pk, family.aigul, {"consent.terms": True})
    assert make.submit(draft, family.aigul).status == 201
    assert "confirmed" not in Event.objects.filter(kind="order.sent").first().data


def test_without_a_screen_the_office_sends_as_before(desk: Client, draft: Draft) -> None:
    code_from(desk, draft)  # offered, but nobody has entered it
    assert send(desk, draft).status_code == 201


# --- Codes ---------------------------------------------------------------------------------------------------


def test_a_code_pairs_one_screen_once(desk: Client, draft: Draft) -> None:
    code = code_from(desk, draft)
    assert bytes(Mirror.objects.get().code_digest) == crypto.digest("mirror-code", code)
    joined(f"{code[:3]} {code[3:]}")
    again = Client().post(path("marketplace:mirror"), {"code": code})
    assert again.status_code == 422 and "This code does not work." in again.content.decode()


def test_a_new_code_darkens_the_earlier_screen(desk: Client, draft: Draft, tablet: Client) -> None:
    second = joined(code_from(desk, draft))
    assert tablet.get(SCREEN).status_code == 404
    assert second.get(SCREEN).status_code == 200
    closed = tablet.get(path("marketplace:mirror"))
    assert "This screen is closed." in closed.content.decode() and closed.cookies["mirror"].value == ""


def test_a_code_is_too_old_after_ten_minutes_and_a_screen_after_an_hour(desk: Client, draft: Draft, monday) -> None:
    late = code_from(desk, draft)
    monday.shift(timedelta(minutes=10, seconds=1))
    assert Client().post(path("marketplace:mirror"), {"code": late}).status_code == 422
    tablet = joined(code_from(desk, draft))
    monday.shift(timedelta(minutes=59))
    assert tablet.get(SCREEN).status_code == 200
    monday.shift(timedelta(minutes=2))
    assert tablet.get(SCREEN).status_code == 404
    assert send(desk, draft).status_code == 201, "nobody sits there any more"


def test_guesses_are_counted_by_address(desk: Client, draft: Draft) -> None:
    code = code_from(desk, draft)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    stranger = Client()
    for _number in range(20):
        assert stranger.post(path("marketplace:mirror"), {"code": wrong}).status_code == 422
    assert stranger.post(path("marketplace:mirror"), {"code": code}).status_code == 429
    elsewhere = Client(REMOTE_ADDR="10.0.0.7").post(path("marketplace:mirror"), {"code": code})
    assert elsewhere.status_code == 302


def test_without_a_count_of_guesses_no_code_is_looked_at(
    desk: Client, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = code_from(desk, draft)
    monkeypatch.setattr(limits.cache, "get", lambda *args, **kwargs: None)
    assert Client().post(path("marketplace:mirror"), {"code": code}).status_code == 503
    assert Mirror.objects.get().joined_at is None


def test_only_specialists_of_this_draft_open_and_close_a_screen(family, draft: Draft) -> None:
    url = f"/api/v1/drafts/{draft.pk}/mirror"
    assert browser(family.aigul).post(url).status_code == 403
    assert browser(family.dina).post(url).status_code == 404
    assert Client().post(url).status_code == 401
    assert Mirror.objects.count() == 0
    helper = browser(family.dina)
    hand_over.redeem(actor=family.dina, code=hand_over.offer(draft_id=draft.pk, actor=family.aigul).code)
    tablet = joined(code_from(helper, draft))
    browser(family.aigul).delete(f"/api/v1/drafts/{draft.pk}/help")
    assert tablet.get(SCREEN).status_code == 404, "the help is stopped, and its screen with it"


# --- The end of a screen ---------------------------------------------------------------------------------------


def test_the_screen_ends_when_the_desk_closes_it(desk: Client, draft: Draft, tablet: Client) -> None:
    answer = desk.post(path("marketplace:screen_close", draft.pk), follow=True).content.decode()
    assert "The second screen is closed." in answer
    assert tablet.get(SCREEN).status_code == 404
    assert "This screen is closed." in tablet.get(path("marketplace:mirror")).content.decode()


def test_the_screen_ends_when_the_specialist_signs_out(desk: Client, tablet: Client) -> None:
    desk.logout()
    assert tablet.get(SCREEN).status_code == 404


def test_the_screen_ends_when_the_draft_is_put_aside_or_sent(
    family, desk: Client, draft: Draft, tablet: Client
) -> None:
    desk.post(f"/api/v1/drafts/{draft.pk}/discard")
    assert tablet.get(SCREEN).status_code == 404
    assert Mirror.objects.get().ended_because == "discarded"
    other = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    second = joined(code_from(desk, other))
    make.submit(other, family.aigul)
    assert second.get(SCREEN).status_code == 404


def test_the_desk_page_shows_code_and_address_once(desk: Client, draft: Draft) -> None:
    url = path("marketplace:screen", draft.pk)
    assert "This is right" in desk.get(url).content.decode()
    shown = desk.post(url).content.decode()
    assert "testserver/en/mirror/" in shown
    code = re.search(r'role="img" aria-label="[^"]+"[^>]*>([0-9]{3} [0-9]{3})<', shown)[1]
    again = desk.get(url).content.decode()
    assert code not in again and "A code is waiting" in again
    tablet = joined(code)
    press(tablet, "a")
    status = desk.get(url).content.decode()
    assert status.count("Not confirmed yet") == 1 and "Confirmed</strong>" in status


# --- At the same moment ------------------------------------------------------------------------------------------


@pytest.fixture
def waiting_code(transactional_db: None, family, draft: Draft, desk: Client) -> str:
    return code_from(desk, draft)


def both_enter(code: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Two tablets have looked the code up before either goes on."""
    meeting, until = Meeting(2), mirror._until

    def meet(*args: Any) -> Any:
        meeting.wait()
        return until(*args)

    monkeypatch.setattr(mirror, "_until", meet)
    enter = [lambda: Client().post(path("marketplace:mirror"), {"code": code}).status_code] * 2
    return sorted(together(enter))


@pytest.mark.django_db(transaction=True)
def test_two_screens_that_enter_one_code_one_is_paired(waiting_code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert both_enter(waiting_code, monkeypatch) == [302, 422]
    assert Event.objects.filter(kind="draft.screen_joined").count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_row_count_two_screens_are_let_in(
    waiting_code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_only(found: Mirror, token_hash: bytes, now: Any, until: Any) -> bool:
        Mirror.objects.filter(pk=found.pk).update(token_hash=token_hash, joined_at=now, until=until)
        return True

    monkeypatch.setattr(mirror, "_take", write_only)
    assert both_enter(waiting_code, monkeypatch) == [302, 302]


def test_the_mirror_page_is_light(tablet: Client) -> None:
    import gzip
    from pathlib import Path

    from django.conf import settings

    built = Path(settings.BASE_DIR) / "marketplace/static/app"
    parts = [tablet.get(path("marketplace:mirror")).content]
    parts += [(built / name).read_bytes() for name in ("app.css", "mirror.css", "mirror.js", "mark.svg")]
    assert sum(len(gzip.compress(part, 9)) for part in parts) <= 40_000
