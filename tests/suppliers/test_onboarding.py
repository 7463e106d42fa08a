"""A business becomes a supplier: account, draft, preview, the ministry's decision in time, a second check by another person."""

from datetime import date

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from marketplace import outbox
from marketplace.drafts import reading
from marketplace.errors import Forbidden, IllegalStep, Invalid, NotFound
from marketplace.models import Draft, Event, Notice, Role, StoredFile, User
from suppliers.models import Partner
from suppliers.onboarding import account, answers, deciding
from suppliers.onboarding.models import Application
from suppliers.onboarding.sending import AlreadyRuns
from suppliers.second_check import SamePerson, TooLate
from suppliers.states import APPLICATION, ApplicationStatus
from tests import factories as make
from tests.complaints.factories import at
from tests.suppliers import applicants
from tests.suppliers.applicants import BIN, OTHER_BIN, applied, begun, send

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"
NOW = at("2026-11-23 10:00")  # a Monday


@pytest.fixture(autouse=True)
def market():
    cache.clear()  # counts of tries
    applicants.ground()
    with translation.override("en"):
        yield


@pytest.fixture
def aidos() -> User:
    return applicants.make_applicant()


@pytest.fixture
def asel() -> User:
    return make.make_user("asel", Role.REVIEWER, language="kk")


@pytest.fixture
def bauyrzhan() -> User:
    return make.make_user("bauyrzhan", Role.REVIEWER, language="ru")


def told(user: User) -> list[str]:
    while outbox.drain():
        pass
    return list(Notice.objects.filter(recipient=user).order_by("pk").values_list("kind", flat=True))


def errors_of(refused: pytest.ExceptionInfo[Invalid]) -> set[str]:
    return {error.field for error in refused.value.errors}


# --- The whole way, over the pages and without scripts ----------------------------------------------


def test_a_business_person_makes_an_account_applies_and_sells(client, asel):
    page = client.post(
        "/en/supplier/join/",
        {"full_name": "Aidos Yesenov", "email": "Aidos@Example.kz", "phone": "8 701 000 00 81", "password": "three quiet words"},
    )  # fmt: skip
    assert page.status_code == 302 and page["Location"] == "/en/supplier/applications/"
    aidos = User.objects.get(username="aidos@example.kz")
    assert (aidos.role, aidos.language, aidos.phone) == ("supplier", "en", "+77010000081")
    draft_url = client.post("/en/supplier/applications/begin/")["Location"]
    assert client.post("/en/supplier/applications/begin/")["Location"] == draft_url, "one draft, not two"
    assert "aidos@example.kz" in client.get(f"{draft_url}business/").content.decode(), "what the account knows is there"
    business = {
        "bin": BIN, "name": "Bala Qadam LLP", "address": "Taraz", "home_region": "KZ-63", "contact.name": "Aidos",
        "contact.phone": "8 701 000 00 81", "contact.email": "aidos@example.kz", "about": "",
    }  # fmt: skip
    assert client.post(f"{draft_url}business/", business)["Location"] == f"{draft_url}goods/"
    goods = {"regions": ["KZ-63"], "types.walkers": ["child-walker"], "_ver_regions": "0", "_ver_types.walkers": "0"}
    assert client.post(f"{draft_url}goods/", goods)["Location"] == f"{draft_url}papers/"
    boxes = {f"declare.{item['code']}": "on" for item in answers.declarations()}
    refused = client.post(f"{draft_url}papers/", boxes)
    assert refused.status_code == 422 and "Add a photo of the certificate" in refused.content.decode()
    kept = client.post(f"{draft_url}papers/", {"_photo": applicants.photo(), "_add_photo": "1"})
    assert kept.status_code == 302
    assert client.post(f"{draft_url}papers/", boxes)["Location"] == f"{draft_url}check/"
    preview = client.get(f"{draft_url}check/").content.decode()
    assert "Bala Qadam LLP" in preview and "the ministry answers by" in preview
    draft = Draft.objects.get(author=aidos)
    sent = client.post(f"{draft_url}check/", {"rev": draft.rev})
    application = Application.objects.get()
    assert sent["Location"] == f"/en/supplier/applications/{application.pk}/"
    assert client.post(f"{draft_url}check/", {"rev": draft.rev})["Location"] == sent["Location"], "sent once"
    assert application.respond_by is not None
    assert StoredFile.objects.get().subject == f"application:{application.pk}"
    ministry = Client()
    ministry.force_login(asel, BACKEND)
    assert application.number in ministry.get("/en/review/applications/").content.decode()
    page = ministry.get(f"/en/review/applications/{application.pk}/").content.decode()
    assert BIN in page and f"/files/{StoredFile.objects.get().pk}/" in page
    assert ministry.get(f"/files/{StoredFile.objects.get().pk}/").status_code == 200
    ministry.post(f"/en/review/applications/{application.pk}/", {"action": "approve"})
    shop = Partner.objects.get()
    assert (shop.code, shop.bin, shop.status, list(shop.users.all())) == ("bala-qadam-llp", BIN, "approved", [aidos])
    assert told(aidos) == ["application.sent", "application.approve"]
    assert client.get("/en/supplier/offers/").status_code == 200
    assert client.get("/en/supplier/").status_code == 200


def test_the_draft_is_a_draft_of_the_engine(aidos):
    draft = begun(aidos)
    client = Client()
    client.force_login(aidos, BACKEND)
    listed = client.get("/api/v1/drafts").json()["results"]
    assert [(row["id"], row["kind"]) for row in listed] == [(str(draft.pk), "onboarding")]
    history = client.get(f"/en/supplier/applications/{draft.pk}/history/").content.decode()
    assert "Bala Qadam LLP" in history and "East Kazakhstan" in history
    page = client.post(f"/en/supplier/applications/{draft.pk}/discard/")
    assert page.status_code == 302 and client.get(f"/en/supplier/applications/{draft.pk}/").status_code == 404
    client.post(f"/en/supplier/applications/{draft.pk}/restore/")
    assert client.get(f"/en/supplier/applications/{draft.pk}/").status_code == 200
    sent = client.post(
        f"/api/v1/drafts/{draft.pk}/submit", headers={"Idempotency-Key": "one", "If-Match": f'"{draft.rev}"'}
    )
    assert sent.status_code == 201 and sent.json()["application"]["number"].startswith("A-2026-")


def test_nobody_else_sees_a_draft_or_an_application(aidos, asel):
    draft = begun(aidos)
    application = applied(applicants.make_applicant("marina"), bin=OTHER_BIN)
    for username, role in [("zhan", Role.SUPPLIER), ("ivan", Role.INSPECTOR), ("gulnar", Role.CASEWORKER)]:
        other = make.make_user(username, role)
        with pytest.raises(NotFound):
            reading.get(other, draft.pk)
        client = Client()
        client.force_login(other, BACKEND)
        refused = 404 if role == Role.SUPPLIER else 403
        assert client.get(f"/en/supplier/applications/{draft.pk}/").status_code == refused
        assert client.get(f"/en/supplier/applications/{application.pk}/").status_code in (403, 404)
        assert client.get(f"/en/review/applications/{application.pk}/").status_code == 403
        assert client.get(f"/files/{StoredFile.objects.first().pk}/").status_code == 404


# --- What is asked ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("", "Give the BIN"),
        ("22136000881O", "digits only"),
        ("2213600088", "12 digits, here are 10"),
        ("221360008816", "last digit does not agree"),
        ("841317300124", "This is an IIN"),
        ("2213 6000 8815", ""),
    ],
)
def test_a_wrong_bin_is_explained(number, why):
    found = answers.explain_bin(number)
    assert why in found and bool(found) == bool(why)


def test_everything_that_is_missing_is_named_and_nothing_is_sent(aidos):
    draft = begun(aidos, paper=False, name=" ", regions=[], home_region="KZ-00", **{
        "types.walkers": ["no-such-type"], "contact.phone": "7", "contact.email": "none", "declare.true": False,
    })  # fmt: skip
    with pytest.raises(Invalid) as refused:
        send(aidos, draft)
    assert errors_of(refused) == {
        "name", "regions", "home_region", "types", "contact.phone", "contact.email", "declare.true", "documents",
    }  # fmt: skip
    draft.refresh_from_db()
    assert draft.status == "open" and not Application.objects.exists()
    assert not Event.objects.filter(kind__startswith="application.").exists()


def test_a_licence_is_asked_for_only_where_the_kind_of_goods_needs_one(aidos, client):
    client.force_login(aidos, BACKEND)
    plain = begun(aidos)
    assert client.get(f"/en/supplier/applications/{plain.pk}/licence/").status_code == 404
    draft = begun(aidos, **{"types.walkers": ["home-care"]})
    assert client.get(f"/en/supplier/applications/{draft.pk}/licence/").status_code == 200
    with pytest.raises(Invalid) as refused:
        send(aidos, draft)
    assert errors_of(refused) == {"licence.number", "licence.until"}
    over = begun(aidos, **{"types.walkers": ["home-care"], "licence.number": "L-1", "licence.until": "2026-11-22"})
    with pytest.raises(Invalid) as refused:
        send(aidos, over, NOW)
    assert errors_of(refused) == {"licence.until"}
    valid = begun(aidos, **{"types.walkers": ["home-care"], "licence.number": "L-1", "licence.until": "2026-11-23"})
    assert send(aidos, valid, NOW).answers["licence_until"] == "2026-11-23"


@pytest.mark.parametrize(
    ("status", "code"), [("approved", "taken"), ("paused", "taken"), ("suspended", "banned"), ("terminated", "banned")]
)
def test_a_business_that_sells_or_is_banned_cannot_come_in_by_another_door(aidos, asel, status, code):
    make.make_supplier(
        "old-shop", bin=BIN, status=status, suspended_until=date(2027, 1, 31) if status == "suspended" else None
    )
    draft = begun(aidos)
    with pytest.raises(Invalid) as refused:
        send(aidos, draft, NOW)
    assert [(error.field, error.code) for error in refused.value.errors] == [("bin", code)]
    assert not Application.objects.exists()


def test_a_ban_that_comes_while_an_application_waits_stops_its_approval(aidos, asel):
    application = applied(aidos, NOW)
    make.make_supplier("old-shop", bin=BIN, status="terminated")
    with pytest.raises(Invalid):
        deciding.approve(application_id=application.pk, actor=asel, now=NOW)
    application.refresh_from_db()
    assert application.status == "submitted" and Partner.objects.count() == 1


def test_one_account_has_one_application_at_a_time(aidos):
    applied(aidos, NOW)
    with pytest.raises(AlreadyRuns):
        send(aidos, begun(aidos, bin=OTHER_BIN), NOW)
    assert Application.objects.count() == 1


def test_who_has_a_shop_begins_no_application(aidos):
    make.make_supplier("shop").users.add(aidos)
    with pytest.raises(Forbidden):
        begun(aidos)
    with pytest.raises(Forbidden):
        begun(make.make_user("gulnar", Role.CASEWORKER))
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"full_name": " "}, "full_name"), ({"email": "aidos"}, "email"), ({"phone": "1"}, "phone"), ({"password": "short"}, "password")],
)  # fmt: skip
def test_an_account_needs_a_name_an_address_and_a_good_password(wrong, field):
    given = {"full_name": "A", "email": "a@example.kz", "phone": "87010000081", "password": "three quiet words"} | wrong
    with pytest.raises(Invalid) as refused:
        account.join(**given, language="kk")
    assert errors_of(refused) == {field} and not User.objects.exists()


def test_an_e_mail_makes_one_account_and_a_flood_is_stopped(client):
    given = {"full_name": "A", "email": "a@example.kz", "phone": "87010000081", "password": "three quiet words"}
    account.join(**given, language="kk")
    with pytest.raises(Invalid):
        account.join(**given | {"email": "A@example.kz"}, language="kk")
    answers_ = [client.post("/en/supplier/join/", given).status_code for _try in range(11)]
    assert answers_ == [422] * 10 + [429] and User.objects.count() == 1


# --- Decisions, in time and by the right people --------------------------------------------------------


def test_the_day_of_the_answer_is_counted_in_working_days_and_shown(aidos, client):
    application = applied(aidos, NOW)
    assert application.respond_by == date(2026, 11, 30)
    client.force_login(aidos, BACKEND)
    page = client.get(f"/en/supplier/applications/{application.pk}/").content.decode().replace("\xa0", " ")
    assert "November 30, 2026" in page or "30 November 2026" in page


def test_asked_for_more_the_applicant_corrects_the_same_application(aidos, asel, client):
    application = applied(aidos, NOW)
    deciding.ask(application_id=application.pk, actor=asel, text="The stamp cannot be seen.", now=NOW)
    application.refresh_from_db()
    assert (application.status, application.respond_by) == ("needs_fix", date(2026, 12, 7))
    client.force_login(aidos, BACKEND)
    assert "The stamp cannot be seen." in client.get(f"/en/supplier/applications/{application.pk}/").content.decode()
    url = client.post(f"/en/supplier/applications/{application.pk}/", {"action": "correct"})["Location"]
    assert client.post(f"/en/supplier/applications/{application.pk}/", {"action": "correct"})["Location"] == url
    draft = Draft.objects.get(author=aidos, status="open")
    assert draft.value("name") == "Bala Qadam LLP", "the answers are there, the documents count as well"
    client.post(f"{url}business/", {"name": "Bala Qadam Orto LLP", "_ver_name": "1"})
    draft.refresh_from_db()
    assert send(aidos, draft, NOW).pk == application.pk
    application.refresh_from_db()
    assert (application.status, application.name, application.draft_id) == (
        "submitted",
        "Bala Qadam Orto LLP",
        draft.pk,
    )
    assert told(aidos) == ["application.sent", "application.ask", "application.correct"]


def test_a_refusal_names_its_reason_and_another_person_decides_on_the_appeal(aidos, asel, bauyrzhan):
    application = applied(aidos, NOW)
    with pytest.raises(Invalid) as refused:
        deciding.refuse(application_id=application.pk, actor=asel, reason="mood", text=" ", now=NOW)
    assert errors_of(refused) == {"reason", "text"}
    deciding.refuse(application_id=application.pk, actor=asel, reason="documents", text="Not readable.", now=NOW)
    deciding.appeal(application_id=application.pk, actor=aidos, text="It is.", now=NOW)
    application.refresh_from_db()
    assert (application.status, application.respond_by) == ("appealed", date(2026, 11, 30))
    before = Event.objects.count()
    for door in (
        lambda: deciding.approve(application_id=application.pk, actor=asel, now=NOW),
        lambda: deciding.uphold(application_id=application.pk, actor=asel, text="No.", now=NOW),
    ):
        with pytest.raises(SamePerson):
            door()
    application.refresh_from_db()
    assert application.status == "appealed" and Event.objects.count() == before
    client = Client()
    client.force_login(asel, BACKEND)
    assert "Somebody else decides" in client.get(f"/en/review/applications/{application.pk}/").content.decode()
    deciding.approve(application_id=application.pk, actor=bauyrzhan, now=NOW)
    assert Partner.objects.get().bin == BIN
    assert told(bauyrzhan) == ["application.appeal"] and told(asel) == []
    with translation.override("ru"):
        notice = Notice.objects.get(recipient=aidos, kind="application.refuse")
    assert "Not readable." in notice.text and notice.language == "ru"


def test_an_appeal_has_its_time(aidos, asel):
    application = applied(aidos, NOW)
    deciding.refuse(application_id=application.pk, actor=asel, reason="other", text="No.", now=NOW)
    application.refresh_from_db()
    assert application.respond_by == date(2026, 12, 7)
    with pytest.raises(TooLate):
        deciding.appeal(application_id=application.pk, actor=aidos, text="Please.", now=at("2026-12-08 00:01"))
    assert Application.objects.get().status == "refused"
    deciding.appeal(application_id=application.pk, actor=aidos, text="Please.", now=at("2026-12-07 23:59"))
    assert Application.objects.get().status == "appealed"


def test_silence_passes_the_application_on_once_and_flags_a_late_second_check(aidos, asel):
    application = applied(aidos, NOW)
    assert deciding.run(at("2026-11-30 23:59")) == {}
    assert deciding.run(at("2026-12-01 00:05")) == {"applications passed on": 1}
    assert deciding.run(at("2026-12-01 00:06")) == {}
    application.refresh_from_db()
    assert (application.status, application.respond_by) == ("appealed", date(2026, 12, 8))
    assert deciding.run(at("2026-12-09 00:05")) == {"applications overdue": 1}
    assert deciding.run(at("2026-12-09 00:06")) == {}
    assert not Partner.objects.exists(), "nobody sells because somebody was silent"
    assert told(asel) == ["application.escalate", "application.overdue"]
    client = Client()
    client.force_login(asel, BACKEND)
    assert "Late" in client.get("/en/review/applications/").content.decode()
    deciding.approve(application_id=application.pk, actor=asel, now=at("2026-12-09 10:00"))
    assert Partner.objects.get().declared_on == date(2026, 12, 9)


def test_a_correction_that_never_comes_ends_the_application_and_the_way_back_stays_open(aidos, asel, client):
    application = applied(aidos, NOW)
    deciding.ask(application_id=application.pk, actor=asel, text="More.", now=NOW)
    assert deciding.run(at("2026-12-07 23:59")) == {}
    assert deciding.run(at("2026-12-08 00:05")) == {"applications lapsed": 1}
    assert Application.objects.get().status == "lapsed"
    client.force_login(aidos, BACKEND)
    url = client.post(f"/en/supplier/applications/{application.pk}/", {"action": "correct"})["Location"]
    draft = Draft.objects.get(author=aidos, status="open")
    assert url.endswith(f"{draft.pk}/") and draft.value(answers.CORRECTS) is None and draft.value("bin") == BIN


# --- The matrix -------------------------------------------------------------------------------------------


def _doors(application: Application, aidos: User, ministry: User, draft: Draft) -> dict[str, object]:
    pk = application.pk
    return {
        "approve": lambda: deciding.approve(application_id=pk, actor=ministry, now=NOW),
        "ask": lambda: deciding.ask(application_id=pk, actor=ministry, text="More.", now=NOW),
        "refuse": lambda: deciding.refuse(application_id=pk, actor=ministry, reason="other", text="No.", now=NOW),
        "uphold": lambda: deciding.uphold(application_id=pk, actor=ministry, text="No.", now=NOW),
        "appeal": lambda: deciding.appeal(application_id=pk, actor=aidos, text="Please.", now=NOW),
        "withdraw": lambda: deciding.withdraw(application_id=pk, actor=aidos, now=NOW),
        "correct": lambda: send(aidos, draft, NOW),
    }


@pytest.mark.parametrize("state", ApplicationStatus.values)
def test_only_the_steps_of_the_table_are_possible(aidos, asel, state):
    application = applied(aidos, NOW)
    draft = begun(aidos, **{answers.CORRECTS: application.pk})
    shop = make.make_supplier("shop") if state == "approved" else None
    allowed = set(APPLICATION.actions(state, ["ministry", "applicant"]))
    doors = _doors(application, aidos, asel, draft)
    assert {step.action for step in APPLICATION.steps} == {*doors, "escalate", "lapse"}
    for action, door in doors.items():
        Application.objects.filter(pk=application.pk).update(
            status=state, partner=shop, respond_by=date(2026, 12, 1), refused_by=None
        )
        events = Event.objects.count()
        if action in allowed:
            door()
            target = next(
                step.target for step in APPLICATION.allowed(state, ["ministry", "applicant"]) if step.action == action
            )
            assert Application.objects.get(pk=application.pk).status == target
            break
        with pytest.raises(IllegalStep):
            door()
        assert Application.objects.get(pk=application.pk).status == state and Event.objects.count() == events


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.REVIEWER])
def test_only_the_ministry_decides(aidos, role):
    application = applied(aidos, NOW)
    actor = make.make_user(f"some-{role}", role)
    for door in ("approve", "ask", "refuse", "uphold"):
        with pytest.raises(Forbidden):
            _doors(application, aidos, actor, application.draft)[door]()
    assert Application.objects.get().status == "submitted"


# --- By the API -------------------------------------------------------------------------------------------


def caller(user: User):
    client = Client()
    client.force_login(user, BACKEND)

    def call(path: str, body: dict[str, object] | None = None, *, get: bool = False):
        path = f"/api/v1/supplier-applications{path}"
        return client.get(path) if get else client.post(path, body or {}, content_type="application/json")

    return call


def test_by_the_api_from_the_refusal_to_the_shop(aidos, asel, bauyrzhan):
    applicant, ministry, other = map(caller, (aidos, asel, bauyrzhan))
    application = applied(aidos)
    path = f"/{application.pk}"
    [row] = applicant("", get=True).json()["results"]
    assert (row["number"], row["bin"], row["iin"], row["supplier"]) == (application.number, BIN, "", None)
    assert row["allowed"] == ["withdraw"] and "papers" not in row
    [paper] = ministry(path, get=True).json()["papers"]
    assert paper["content_type"] == "image/jpeg" and paper["url"].endswith("/")
    assert ministry("", get=True).json()["results"][0]["allowed"] == ["approve", "ask", "refuse"]
    reasons = ministry("/refusal-reasons", get=True).json()["results"]
    assert "documents" in {reason["code"] for reason in reasons} and all(reason["name"] for reason in reasons)
    assert ministry(f"{path}/refuse", {"reason": "mood", "text": " "}).status_code == 422
    told = ministry(f"{path}/refuse", {"reason": "documents", "text": "Not readable."}).json()
    assert (told["status"], told["reason"], told["words"], told["allowed"]) == (
        "refused",
        "documents",
        "Not readable.",
        [],
    )
    assert applicant(path, get=True).json()["allowed"] == ["appeal"]
    assert ministry(f"{path}/appeal", {"text": "x"}).status_code == 403
    assert applicant(f"{path}/appeal", {"text": "It is readable."}).json()["status"] == "appealed"
    again = ministry(f"{path}/approve")
    assert (again.status_code, again.json()["code"]) == (409, "same_person")
    assert applicant(f"{path}/approve").status_code == 403
    assert not Partner.objects.exists()
    opened = other(f"{path}/approve").json()
    assert (opened["status"], opened["supplier"], opened["allowed"]) == ("approved", Partner.objects.get().code, [])


def test_by_the_api_one_is_asked_for_more_and_withdraws(aidos, asel):
    applicant, ministry = caller(aidos), caller(asel)
    path = f"/{applied(aidos).pk}"
    asked = ministry(f"{path}/ask", {"text": "The licence."}).json()
    assert (asked["status"], asked["words"]) == ("needs_fix", "The licence.")
    assert applicant(path, get=True).json()["allowed"] == ["correct", "withdraw"]
    assert applicant(f"{path}/withdraw").json()["status"] == "withdrawn"
    assert applicant(f"{path}/withdraw").status_code == 409


def test_by_the_api_an_entrepreneurs_number_is_masked(aidos, asel):
    application = applied(aidos, bin="", iin=applicants.IIN)
    for user in (aidos, asel):
        shown = caller(user)(f"/{application.pk}", get=True)
        assert applicants.IIN not in shown.content.decode()
        assert shown.json()["iin"].endswith(applicants.IIN[-4:]) and shown.json()["bin"] == ""


def test_by_the_api_nobody_else_sees_or_decides(aidos):
    path = f"/{applied(aidos).pk}"
    assert Client().get("/api/v1/supplier-applications").status_code == 401
    doors = {
        "approve": {}, "withdraw": {}, "refuse": {"reason": "other", "text": "x"},
        **{door: {"text": "x"} for door in ("ask", "uphold", "appeal")},
    }  # fmt: skip
    for actor, seen in (
        (applicants.make_applicant("rival"), 404),
        (make.make_user("gulnar", Role.CASEWORKER), 404),
        (make.make_user("audit", Role.AUDITOR), 200),
    ):
        call = caller(actor)
        assert call(path, get=True).status_code == seen
        assert call("", get=True).json()["count"] == (seen == 200)
        for door, body in doors.items():
            assert call(f"{path}/{door}", body).status_code in {403, 404}, (actor, door)
    assert Application.objects.get().status == "submitted"
