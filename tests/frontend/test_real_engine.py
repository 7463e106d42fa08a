"""draft.js against the engine itself: PostgreSQL, sessions, CSRF, versions. The stub only stands for the faults."""

import pytest
from playwright.sync_api import Page, expect

from marketplace.models import Draft
from tests.frontend.conftest import DRAFT

pytestmark = [
    pytest.mark.django_db(transaction=True),
]


def _has_state(page: Page, state: str) -> None:
    expect(page.locator("[data-draft-status]")).to_have_attribute("data-state", state)


def _return_to(page: Page) -> None:
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_the_first_key_creates_the_draft_and_each_save_has_its_receipt(aigul, at_the_form):
    page = at_the_form(aigul)
    page.get_by_label("Name").press_sequentially("Айгүл ӘҒҚҢӨҰҮҺІ")
    _has_state(page, "saved")
    page.get_by_label("Call").check()
    page.wait_for_timeout(1500)
    _has_state(page, "saved")
    draft = Draft.objects.get(pk=DRAFT)
    assert (draft.kind, draft.beneficiary, draft.rev) == ("order", aigul, 2)
    assert draft.value("contact.name") == "Айгүл ӘҒҚҢӨҰҮҺІ"
    assert draft.value("contact.channel") == "call"
    assert [save.device for save in draft.saves.all()] == [page.evaluate("localStorage['tirek.device']")] * 2
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("Айгүл ӘҒҚҢӨҰҮҺІ")
    assert page.get_attribute("[name='contact.name']", "data-ver") == "1"


def test_two_people_at_one_field_are_asked_and_the_answer_is_kept(aigul, marat, at_the_form):
    hers = at_the_form(aigul)
    hers.get_by_label("Name").press_sequentially("А")
    _has_state(hers, "saved")
    his = at_the_form(marat)
    hers.get_by_label("Phone").press_sequentially("8 701")
    _has_state(hers, "saved")
    his.get_by_label("Phone").press_sequentially("8 702")
    _has_state(his, "conflict")
    draft = Draft.objects.get(pk=DRAFT)
    assert (draft.value("contact.phone"), draft.conflicts["contact.phone"]["v"]) == ("8 701", "8 702")
    _return_to(hers)
    _has_state(hers, "conflict")
    question = hers.get_by_role("group", name="Which answer do we keep?")
    expect(question).to_contain_text("8 702")
    question.get_by_role("button", name="Keep the other answer").click()
    _has_state(hers, "saved")
    expect(hers.get_by_label("Phone")).to_have_value("8 702")
    draft.refresh_from_db()
    assert (draft.value("contact.phone"), draft.conflicts) == ("8 702", {})
    his.get_by_label("Name").focus()
    _return_to(his)
    expect(his.get_by_role("group", name="Which answer do we keep?")).to_have_count(0)


def test_a_field_that_is_not_the_caseworkers_goes_back_to_what_it_was(aigul, marat, at_the_form):
    hers = at_the_form(aigul)
    hers.get_by_label("Name").press_sequentially("А")
    _has_state(hers, "saved")
    his = at_the_form(marat)
    his.get_by_label("Consent").check()
    expect(his.get_by_label("Consent")).not_to_be_checked()
    assert "consent.terms" not in Draft.objects.get(pk=DRAFT).fields


def test_a_session_that_ended_keeps_the_text(aigul, at_the_form):
    page = at_the_form(aigul)
    page.get_by_label("Name").press_sequentially("А")
    _has_state(page, "saved")
    page.context.clear_cookies(name="session")
    page.get_by_label("Name").press_sequentially("йгүл")
    _has_state(page, "signin")
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("Айгүл")
    assert Draft.objects.get(pk=DRAFT).value("contact.name") == "А"


def test_a_submitted_draft_is_closed_for_the_other_window(aigul, at_the_form):
    page = at_the_form(aigul)
    page.get_by_label("Name").press_sequentially("А")
    _has_state(page, "saved")
    Draft.objects.filter(pk=DRAFT).update(status="submitted")
    page.get_by_label("Name").press_sequentially("!")
    _has_state(page, "closed")
    assert Draft.objects.get(pk=DRAFT).value("contact.name") == "А"


def test_a_field_that_the_server_no_longer_knows_is_kept_in_the_log(aigul, at_the_form):
    """An old form against a newer schema: the answer is received and never dropped, the others go on."""
    page = at_the_form(aigul)
    page.get_by_label("Morning").check()
    page.get_by_label("Name").press_sequentially("Айгүл")
    _has_state(page, "saved")
    draft = Draft.objects.get(pk=DRAFT)
    assert draft.value("contact.name") == "Айгүл"
    logged = [op for save in draft.saves.all() for op in save.ops if op["f"] == "days"]
    assert [(op["v"], op["s"]) for op in logged] == [(["am"], "unknown")]
    page.wait_for_timeout(1500)
    assert draft.saves.count() == 1, "and it is not sent again and again"
