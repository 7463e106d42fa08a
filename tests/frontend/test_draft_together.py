"""Several tabs, devices and people on one draft; and privacy: what stays on a device, and what does not."""

import pytest
from playwright.sync_api import Browser, expect

from tests.frontend.draft_server import Fault
from tests.frontend.loops import runs

LOCAL_COPIES = """async () => {
  const db = await new Promise((done) => { const r = indexedDB.open('tirek'); r.onsuccess = () => done(r.result); });
  if (!db.objectStoreNames.length) { db.close(); indexedDB.deleteDatabase('tirek'); }
  const rows = !db.objectStoreNames.length ? [] : await new Promise((done) => { const r = db.transaction('fields').objectStore('fields').getAll();
    r.onsuccess = () => done(r.result); });
  db.close();
  return JSON.stringify(rows.map((row) => row.v)) + JSON.stringify(Object.values(sessionStorage));
}"""


@pytest.fixture
def marats_browser(browser: Browser, draft_server):
    """Another person on another device: the caseworker Marat."""
    context = browser.new_context()
    context.add_cookies([{"name": "who", "value": "marat", "url": draft_server.url}])
    yield context
    context.close()


def test_two_tabs_show_the_same_and_never_change_the_focused_field(draft_page):
    first = draft_page().open()
    second = draft_page(first).open()
    second.phone.focus()
    first.name.press_sequentially("Айгүл")
    expect(second.name).to_have_value("Айгүл")
    first.phone.press_sequentially("8 701")
    first.has_state("saved")
    expect(second.phone).to_have_value("")
    assert first.saved("contact.phone") == "8 701"


def test_another_device_sees_the_change_when_the_person_returns_to_it(draft_page, marats_browser):
    aigul = draft_page().open()
    aigul.name.press_sequentially("Айгүл")
    aigul.has_state("saved")
    marat = draft_page(aigul, within=marats_browser).open()
    expect(marat.name).to_have_value("Айгүл")
    marat.phone.press_sequentially("8 702")
    marat.has_state("saved")
    aigul.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(aigul.phone).to_have_value("8 702")


def test_a_change_that_came_while_the_field_was_focused_is_shown_afterwards(draft_page, marats_browser):
    aigul = draft_page().open()
    aigul.name.press_sequentially("Айгүл")
    aigul.has_state("saved")
    marat = draft_page(aigul, within=marats_browser).open()
    marat.phone.press_sequentially("8 702")
    marat.has_state("saved")
    aigul.phone.focus()
    with aigul.page.expect_response(lambda answer: answer.request.method == "GET"):
        aigul.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    aigul.page.wait_for_timeout(300)
    expect(aigul.phone).to_have_value("")
    aigul.name.focus()
    aigul.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(aigul.phone).to_have_value("8 702")


def _both_type_a_phone(draft_page, marats_browser):
    """Both without a line; hers is back first."""
    aigul = draft_page().open()
    marat = draft_page(aigul, within=marats_browser).open()
    for person in (aigul, marat):
        person.page.context.set_offline(True)
    marat.phone.press_sequentially("8 702")
    aigul.phone.press_sequentially("8 701")
    aigul.name.press_sequentially("Айгүл")
    aigul.page.context.set_offline(False)
    aigul.has_state("saved")
    marat.page.context.set_offline(False)
    marat.has_state("conflict")
    return aigul, marat


@pytest.mark.parametrize(("button", "kept"), [("Keep my answer", "8 702"), ("Keep the other answer", "8 701")])
def test_the_same_field_by_two_people_is_asked_and_nothing_is_lost(draft_page, marats_browser, button, kept):
    aigul, marat = _both_type_a_phone(draft_page, marats_browser)
    draft = aigul.server.drafts[aigul.draft]
    assert (draft.fields["contact.phone"]["v"], draft.conflicts["contact.phone"]["v"]) == ("8 701", "8 702")
    assert aigul.saved("contact.name") == "Айгүл", "the other fields are not held up"
    question = marat.page.get_by_role("group", name="Which answer do we keep?")
    expect(question).to_contain_text("8 701")
    expect(question).to_contain_text("8 702")
    marat.has_state("conflict")
    expect(marat.phone).to_have_value("8 702")
    question.get_by_role("button", name=button).click()
    expect(question).to_have_count(0)
    marat.has_state("saved")
    expect(marat.phone).to_have_value(kept)
    expect(marat.phone).to_be_focused()
    assert draft.fields["contact.phone"]["v"] == kept
    assert draft.conflicts == {}
    # Whoever wrote the other value sees the outcome, too.
    aigul.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    aigul.name.focus()
    aigul.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(aigul.phone).to_have_value(kept)


def test_typing_on_while_the_question_is_open_renews_the_own_answer(draft_page, marats_browser):
    aigul, marat = _both_type_a_phone(draft_page, marats_browser)
    marat.phone.press_sequentially(" 000 00 02")
    question = marat.page.get_by_role("group", name="Which answer do we keep?")
    question.get_by_role("button", name="Keep my answer").click()
    expect(question).to_have_count(0)
    assert aigul.saved("contact.phone") == "8 702 000 00 02"


def test_the_question_survives_a_reload(draft_page, marats_browser):
    _aigul, marat = _both_type_a_phone(draft_page, marats_browser)
    marat.page.reload()
    question = marat.page.get_by_role("group", name="Which answer do we keep?")
    expect(question).to_contain_text("8 702")
    marat.has_state("conflict")


def test_two_people_in_a_storm_end_with_what_they_typed(draft_page, marats_browser):
    """Three of five saves fail in some way, both reload now and then: no character and no field is lost.

    60 keys of each in full.
    """
    aigul = draft_page().open()
    marat = draft_page(aigul, within=marats_browser).open()
    aigul.server.fault = Fault("chaos")
    typed = {"contact.name": "", "contact.phone": ""}
    for step in range(max(24, runs(60))):
        aigul.name.press("End")
        aigul.name.press_sequentially("ә")
        marat.phone.press("End")
        marat.phone.press_sequentially(str(step % 10))
        typed["contact.name"] += "ә"
        typed["contact.phone"] += str(step % 10)
        if step % 7 == 3:
            aigul.page.reload()
        if step % 9 == 5:
            marat.page.reload()
        aigul.page.wait_for_timeout(120)
    aigul.server.fault = None
    for person in (aigul, marat):
        person.page.evaluate("window.dispatchEvent(new Event('focus'))")
        person.has_state("saved")
    assert {name: aigul.saved(name) for name in typed} == typed
    assert aigul.server.drafts[aigul.draft].conflicts == {}, "nobody is in conflict with an own lost answer"


def test_sign_out_sends_first_and_then_erases(draft_page):
    aigul = draft_page().open()
    aigul.name.press_sequentially("Құпия")
    aigul.page.get_by_role("button", name="Sign out").click()
    aigul.page.wait_for_url("**/sign-out")
    assert aigul.saved("contact.name") == "Құпия"
    assert "Құпия" not in aigul.page.evaluate(LOCAL_COPIES)


def test_sign_out_with_unsent_text_warns_with_numbers_and_keeps_it(draft_page):
    aigul = draft_page().open()
    aigul.server.fault = Fault("down")
    aigul.name.press_sequentially("Құпия")
    aigul.phone.press_sequentially("8 701")
    aigul.page.get_by_role("button", name="Sign out").click()
    warning = aigul.page.get_by_role("alertdialog", name="Not everything is sent")
    expect(warning).to_be_focused()
    expect(warning).to_contain_text("Answers that are not sent: 2. Forms: 1.")
    warning.get_by_role("button", name="Stay and keep the answers").click()
    expect(warning).to_have_count(0)
    assert "Құпия" in aigul.page.evaluate(LOCAL_COPIES)
    expect(aigul.name).to_have_value("Құпия")


def test_sign_out_that_gives_up_unsent_text_leaves_nothing(draft_page):
    aigul = draft_page().open()
    aigul.server.fault = Fault("down", methods=("PATCH", "GET"))
    aigul.name.press_sequentially("Құпия")
    aigul.page.get_by_role("button", name="Sign out").click()
    aigul.page.get_by_role("button", name="Go on and delete the answers").click()
    aigul.page.wait_for_url("**/sign-out")
    assert aigul.page.evaluate(LOCAL_COPIES) == "[][]"
    aigul.server.fault = None
    aigul.page.go_back()
    expect(aigul.name).to_have_value("")
    aigul.page.wait_for_timeout(1000)
    assert aigul.saved("contact.name") is None


def test_a_shared_computer_keeps_nothing(draft_page):
    aigul = draft_page()
    aigul.server.keep_local = False
    aigul.open()
    aigul.name.press_sequentially("Құпия")
    aigul.has_state("saved")
    assert aigul.saved("contact.name") == "Құпия"
    assert aigul.page.evaluate(LOCAL_COPIES) == "[][]"
    assert "Құпия" not in aigul.page.evaluate("JSON.stringify(Object.values(localStorage))")


def test_a_visitors_text_stays_in_the_tab_and_nowhere_else(draft_page):
    visitor = draft_page()
    visitor.server.tab_only = True
    visitor.open()
    visitor.name.press_sequentially("Құпия")
    visitor.has_state("kept")
    expect(visitor.page.locator("[data-draft-status]")).to_contain_text("Kept in this window")
    visitor.page.reload()
    expect(visitor.name).to_have_value("Құпия")
    visitor.has_state("kept")
    next_visitor = draft_page().open()
    expect(next_visitor.name).to_have_value("")
    assert "Құпия" not in next_visitor.page.evaluate(LOCAL_COPIES)
    assert visitor.server.requests("PATCH") == []


def test_a_draft_left_unsent_is_sent_from_the_next_form(draft_page):
    lost = draft_page().open()
    lost.server.fault = Fault("down")
    lost.name.press_sequentially("Айгүл")
    lost.page.close()
    lost.server.fault = None
    other = draft_page().open()
    expect(other.name).to_have_value("")
    other.page.wait_for_timeout(1000)
    assert lost.saved("contact.name") == "Айгүл"


def test_a_second_press_within_a_second_sends_nothing(draft_page):
    aigul = draft_page().open()
    aigul.page.route("**/form*", lambda route: None if route.request.method == "POST" else route.continue_())
    button = aigul.page.get_by_role("button", name="Save and continue")
    sent = []
    aigul.page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    button.dblclick(no_wait_after=True)
    aigul.page.wait_for_timeout(500)
    assert len(sent) == 1
