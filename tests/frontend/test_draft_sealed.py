"""Copies of staff are sealed with a key of the session: nobody reads them at the device, and next to nothing is lost.

What can be lost, with a dead server, is what was typed within the milliseconds that the browser needs to encrypt;
docs/adr/0010-local-copies-of-staff.md quotes the figures of the two loops here.
"""

import random

import pytest
from playwright.sync_api import expect

from tests.frontend.draft_server import Fault
from tests.frontend.loops import runs
from tests.frontend.test_draft_crash import LETTERS, kill_browser_of, start  # noqa: F401  a fixture
from tests.frontend.test_draft_together import LOCAL_COPIES

EVERYTHING = """async () => {
  const found = [JSON.stringify(Object.entries(localStorage)), JSON.stringify(Object.entries(sessionStorage))];
  const db = await new Promise((done) => { const r = indexedDB.open("tirek"); r.onsuccess = () => done(r.result); });
  for (const name of db.objectStoreNames) {
    const rows = await new Promise((done) => {
      const r = db.transaction(name).objectStore(name).getAll(); r.onsuccess = () => done(r.result); });
    for (const row of rows) for (const value of Object.values(row)) {
      found.push(value instanceof ArrayBuffer ? new TextDecoder().decode(value) : JSON.stringify(value));
    }
  }
  db.close();
  return found.join(" ");
}"""
KEY_GIVES_OUT = """async () => {
  const db = await new Promise((done) => { const r = indexedDB.open("tirek"); r.onsuccess = () => done(r.result); });
  const seal = await new Promise((done) => {
    const r = db.transaction("device").objectStore("device").get("seal"); r.onsuccess = () => done(r.result); });
  db.close();
  return crypto.subtle.exportKey("raw", seal.key).then(() => "its bytes", (error) => error.name);
}"""


def _staff(account: str = "777", seal: str = "first-session") -> dict[str, str]:
    return {"data-local": "sealed", "data-account": account, "data-seal": seal}


@pytest.fixture
def desk(draft_page):
    """The form at a caseworker's desk."""

    def opened(same=None, **more):
        found = draft_page(same, **more)
        found.server.body = found.server.body or _staff()
        return found.open()

    return opened


def test_nothing_readable_lies_on_the_device(desk):
    marat = desk()
    marat.server.fault = Fault("down")
    marat.name.press_sequentially("Құпия")
    marat.phone.press_sequentially("8 701 000")
    marat.has_state("local")
    found = marat.page.evaluate(EVERYTHING)
    assert "contact.name" in found, "the control: the records are there"
    assert "Құпия" not in found
    assert "8 701" not in found
    assert marat.page.evaluate(KEY_GIVES_OUT) == "InvalidAccessError"
    marat.page.reload()
    expect(marat.name).to_have_value("Құпия")
    expect(marat.phone).to_have_value("8 701 000")
    marat.server.fault = None
    marat.has_state("saved")
    assert marat.saved("contact.name") == "Құпия"


def test_a_record_in_another_place_does_not_open(desk):
    """Who can write into the database cannot make one field's answer another's."""
    marat = desk()
    marat.server.fault = Fault("down")
    marat.name.press_sequentially("Құпия")
    marat.has_state("local")
    marat.page.evaluate(
        """async () => {
      const db = await new Promise((done) => { const r = indexedDB.open("tirek"); r.onsuccess = () => done(r.result); });
      const store = db.transaction("fields", "readwrite").objectStore("fields");
      await new Promise((done) => { const r = store.getAll(); r.onsuccess = () => {
        store.put({ ...r.result[0], f: "contact.phone" }).onsuccess = done; }; });
      db.close();
    }"""
    )
    marat.page.reload()
    expect(marat.name).to_have_value("Құпия")
    expect(marat.phone).to_have_value("")


def test_a_reload_right_after_a_key_loses_nothing(desk):
    """Forty times in full, with a server that takes nothing: encrypting is over before the page is."""
    marat = desk()
    marat.name.press_sequentially("ә")
    marat.has_state("saved")
    marat.server.fault = Fault("status", 503)
    typed, lost = "ә", 0
    for _attempt in range(runs(40)):
        marat.name.focus()
        marat.page.keyboard.press("End")
        marat.page.keyboard.type("ғ")
        marat.page.reload()
        marat.page.locator("[data-draft-status][data-state]:not([data-state=idle])").wait_for()
        marat.page.wait_for_timeout(250)
        shown = marat.name.input_value()
        lost += shown != f"{typed}ғ"
        typed = shown
    print(f"\nsealed copies: {lost} of {runs(40)} reloads lost the last key")  # noqa: T201  the ADR's figure
    assert lost == 0


def test_a_killed_browser_loses_no_more_than_the_last_keys(desk, start, tmp_path, draft_server):  # noqa: F811
    """Eight runs in full. Open copies lose nothing (test_draft_crash.py); sealed ones what was being encrypted."""
    dice = random.Random(11)
    draft_server.fault = Fault("down")
    marat, lost = None, []
    for _run in range(runs(8, least=1)):
        text = "".join(dice.choice(LETTERS) for _letter in range(dice.randint(60, 110)))
        marat = desk(marat, within=start())
        marat.name.fill("")
        marat.name.press_sequentially(text, delay=15)
        kill_browser_of(tmp_path)
        marat = desk(marat, within=start())
        marat.page.wait_for_timeout(1000)
        shown = marat.name.input_value()
        assert text.startswith(shown)
        lost.append(len(text) - len(shown))
        kill_browser_of(tmp_path)
    print(f"\nsealed copies: characters lost by SIGKILL while typing: {lost}")  # noqa: T201  the ADR's figure
    assert max(lost) <= 1


def test_sign_out_leaves_neither_copy_nor_key(desk):
    marat = desk()
    marat.name.press_sequentially("Құпия")
    marat.has_state("saved")
    marat.page.get_by_role("button", name="Sign out").click()
    marat.page.wait_for_url("**/sign-out")
    assert marat.page.evaluate("indexedDB.databases()") == []
    assert marat.page.evaluate("Object.keys(localStorage).sort()") == ["tirek.device", "tirek.look"]


def test_a_new_session_of_the_same_person_takes_the_unsent_text_over(desk):
    marat = desk()
    marat.server.fault = Fault("down")
    marat.name.press_sequentially("Құпия")
    marat.has_state("local")
    marat.server.seal = "second-session"
    marat.server.body = _staff(seal="second-session")
    marat.page.reload()
    expect(marat.name).to_have_value("Құпия")
    marat.page.wait_for_timeout(1000)
    kept = marat.page.evaluate(
        """async () => {
      const db = await new Promise((done) => { const r = indexedDB.open("tirek"); r.onsuccess = () => done(r.result); });
      const all = (name) => new Promise((done) => {
        const r = db.transaction(name).objectStore(name).getAll(); r.onsuccess = () => done(r.result); });
      const kids = (await all("fields")).map((row) => row.kid);
      const older = (await all("device")).filter((row) => row.id === "seal").map((row) => row.older.length);
      db.close();
      return [kids, older];
    }"""
    )
    assert kept == [["second-session"], [0]], "sealed anew, the old key is gone"
    marat.server.fault = None
    marat.has_state("saved")
    assert marat.saved("contact.name") == "Құпия"


def test_without_a_key_nothing_is_kept_and_the_page_says_so(desk):
    """The first page of a session meets a dead line before it has its key."""
    marat = desk()
    marat.page.route("**/api/v1/session-key", lambda route: route.abort())
    marat.page.evaluate("indexedDB.deleteDatabase('tirek')")
    marat.server.body = _staff(seal="other-session")
    marat.page.reload()
    marat.server.fault = Fault("down")
    marat.name.press_sequentially("Құпия")
    marat.has_state("blocked")
    assert "Құпия" not in marat.page.evaluate(LOCAL_COPIES)
