"""Saving goes on without a session: with the draft key, which only adds; and never as somebody else."""

import time

from playwright.sync_api import expect

from tests.frontend.draft_server import Fault

ACCOUNT = {"data-local": "open", "data-account": "111", "data-queue": "/static/app/queue.js"}
KEPT_KEY = """async () => {
  const db = await new Promise((done) => { const r = indexedDB.open("tirek"); r.onsuccess = () => done(r.result); });
  const rows = await new Promise((done) => { const r = db.transaction("drafts").objectStore("drafts").getAll();
    r.onsuccess = () => done(r.result); });
  db.close();
  return rows.map((row) => row.key || "");
}"""


def _with_a_key(draft_page):
    """Aigul's draft, saved once, and its key on her device."""
    aigul = draft_page()
    aigul.server.body = ACCOUNT
    aigul.open()
    aigul.name.press_sequentially("Айгүл")
    aigul.has_state("saved")
    aigul.page.wait_for_timeout(400)
    assert aigul.page.evaluate(KEPT_KEY) == [f"key-of-{aigul.draft}"]
    return aigul


def _key_requests(aigul) -> int:
    return sum(path.endswith("/key") for _at, _method, path, _status in aigul.server.log)


def test_the_key_is_asked_for_once_per_draft(draft_page):
    aigul = _with_a_key(draft_page)
    aigul.name.press_sequentially(" Н.")
    aigul.has_state("saved")
    aigul.page.reload()
    aigul.name.press_sequentially("!")
    aigul.has_state("saved")
    assert _key_requests(aigul) == 1


def test_after_the_session_saving_goes_on_and_the_page_says_what_is_true(draft_page):
    aigul = _with_a_key(draft_page)
    aigul.server.signed_in = False
    aigul.phone.press_sequentially("8 701")
    aigul.has_state("keyed")
    line = aigul.page.locator("[data-draft-status]")
    expect(line).to_contain_text("Sign in to go on.")
    expect(line.get_by_role("link", name="Sign in")).to_be_visible()
    assert (aigul.saved("contact.phone"), aigul.server.saved_by_key) == ("8 701", 1)
    # While nothing gives reason to hope, the key goes first: no refused request before each save.
    before = len(aigul.server.requests("PATCH"))
    aigul.phone.press_sequentially(" 000")
    expect(line).to_have_attribute("data-state", "saving")
    aigul.has_state("keyed")
    assert len(aigul.server.requests("PATCH")) == before + 1
    # She signs in on another tab and comes back.
    aigul.server.signed_in = True
    aigul.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    aigul.has_state("saved")
    # Once more, in a window beside this one: nothing has changed meanwhile, the server answers 304.
    aigul.server.signed_in = False
    aigul.phone.press_sequentially(" 1")
    aigul.has_state("keyed")
    aigul.server.signed_in = True
    aigul.page.evaluate("window.dispatchEvent(new Event('focus'))")
    aigul.has_state("saved")


def test_cookies_lost_in_a_crash_do_not_stop_the_saving(draft_page):
    aigul = _with_a_key(draft_page)
    aigul.server.signed_in = False
    aigul.page.context.clear_cookies()
    aigul.page.reload()
    aigul.phone.press_sequentially("8 701")
    aigul.has_state("keyed")
    assert aigul.saved("contact.phone") == "8 701"


def test_without_a_key_the_text_waits_for_the_sign_in(draft_page):
    aigul = draft_page()
    aigul.server.body = ACCOUNT
    aigul.open()
    aigul.server.signed_in = False
    aigul.name.press_sequentially("Айгүл")
    aigul.has_state("signin")
    aigul.page.reload()
    expect(aigul.name).to_have_value("Айгүл")
    assert aigul.saved("contact.name") is None


def test_a_draft_that_another_page_left_goes_by_its_key(draft_page):
    lost = _with_a_key(draft_page)
    lost.server.fault = Fault("down")
    lost.name.press_sequentially(" кейін")
    lost.page.close()
    lost.server.fault, lost.server.signed_in = None, False
    other = draft_page().open()
    other.page.wait_for_timeout(1500)
    assert lost.saved("contact.name") == "Айгүл кейін"
    assert lost.server.saved_by_key == 1


def test_the_next_person_of_the_browser_never_sends_or_sees_it_as_her_own(draft_page):
    """Aigul's session ended with unsent text; Dana signs in here."""
    lost = _with_a_key(draft_page)
    new = draft_page()
    lost.server.fault = Fault("down")
    lost.name.press_sequentially(" кейін")
    new.open()
    new.name.press_sequentially("Құпия")  # a draft that no server knows yet, so without a key
    lost.page.close()
    new.page.close()
    time.sleep(1)  # their last requests find a dead server
    lost.server.fault = None
    lost.server.body = ACCOUNT | {"data-account": "222"}
    danas = draft_page().open()
    danas.name.press_sequentially("Дана")
    danas.has_state("saved")
    danas.page.wait_for_timeout(1500)
    assert (lost.saved("contact.name"), lost.server.saved_by_key) == ("Айгүл кейін", 1), "by Aigul's key alone"
    assert new.draft not in lost.server.drafts, "it would have become Dana's"


def test_the_key_goes_with_the_copies(draft_page):
    aigul = _with_a_key(draft_page)
    aigul.page.get_by_role("button", name="Sign out").click()
    aigul.page.wait_for_url("**/sign-out")
    assert "tirek" not in aigul.page.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))")


def test_a_shared_computer_gets_no_key(draft_page):
    aigul = draft_page()
    aigul.server.body = {"data-local": "off", "data-account": "111"}
    aigul.open()
    aigul.name.press_sequentially("Айгүл")
    aigul.has_state("saved")
    aigul.page.wait_for_timeout(500)
    assert _key_requests(aigul) == 0
    assert aigul.page.evaluate("indexedDB.databases()") == []
    assert aigul.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
