"""draft.js keeps what was typed: against reloads, closed tabs, killed browsers, dead and lying servers."""

import time

import pytest
from playwright.sync_api import Browser, expect

from tests.frontend.draft_server import Fault
from tests.frontend.loops import runs

KAZAKH = "Әжең ғұмыр бойы ӘҒҚҢӨҰҮҺІ – «қамқор» 🦽"


def test_typing_is_saved_without_a_click(draft_page):
    aigul = draft_page().open()
    aigul.has_state("idle")
    aigul.name.press_sequentially(KAZAKH)
    aigul.has_state("saved")
    assert aigul.saved("contact.name") == KAZAKH
    assert aigul.page.get_attribute("[name='contact.name']", "data-ver") == "1"
    assert aigul.page.input_value("[name='_ver_contact.name']") == "1"
    assert len(aigul.server.requests("PATCH")) == 1
    expect(aigul.page.locator("[data-draft-status]")).to_contain_text("Saved at ")


def test_every_kind_of_control_has_its_value(draft_page):
    aigul = draft_page().open()
    page = aigul.page
    page.get_by_label("Call").check()
    page.get_by_label("Morning").check()
    page.get_by_label("Afternoon").check()
    page.get_by_label("Region").select_option("KZ-63")
    page.get_by_label("Day", exact=True).fill("5")
    page.get_by_label("Year").fill("2026")
    page.get_by_label("Consent").check()
    aigul.has_state("saved")
    expected = {
        "contact.channel": "call",
        "days": ["am", "pm"],
        "delivery.region": "KZ-63",
        "birth": "2026--5",
        "consent.terms": True,
    }
    assert {name: aigul.saved(name) for name in expected} == expected


def test_long_text_with_line_breaks_arrives_byte_for_byte(draft_page):
    aigul = draft_page().open()
    text = (KAZAKH + "\n") * 230
    aigul.page.get_by_label("Comment").fill(text)
    aigul.has_state("saved")
    assert aigul.saved("delivery.comment") == text


@pytest.mark.parametrize("fault", [None, Fault("status", 503)], ids=["server up", "server answers 503"])
def test_a_reload_right_after_a_key_loses_nothing(draft_page, fault):
    """Forty times in full: a single run passes by luck."""
    aigul = draft_page().open()
    aigul.server.fault = fault
    typed = ""
    for _attempt in range(runs(40)):
        aigul.name.focus()
        aigul.page.keyboard.press("End")
        aigul.page.keyboard.type("ә")
        typed += "ә"
        aigul.page.reload()
        expect(aigul.name).to_have_value(typed)


def test_control_without_a_local_copy_the_reload_does_lose_the_text(draft_page):
    """The test above would notice: with both stores switched off and a dead server the text is gone."""
    aigul = draft_page()
    aigul.page.add_init_script(
        "for (const name of ['indexedDB', 'sessionStorage']) Object.defineProperty(window, name, {value: undefined})"
    )
    aigul.open()
    aigul.server.fault = Fault("down")
    aigul.name.press_sequentially("ә")
    aigul.page.reload()
    expect(aigul.name).to_have_value("")


def test_every_control_comes_back_after_a_reload_with_a_dead_server(draft_page):
    aigul = draft_page().open()
    aigul.server.fault = Fault("down")
    page = aigul.page
    page.get_by_label("Call").check()
    page.get_by_label("Afternoon").check()
    page.get_by_label("Month").fill("12")
    page.get_by_label("Consent").check()
    page.reload()
    expect(page.get_by_label("Call")).to_be_checked()
    expect(page.get_by_label("Afternoon")).to_be_checked()
    expect(page.get_by_label("Morning")).not_to_be_checked()
    expect(page.get_by_label("Month")).to_have_value("12")
    expect(page.get_by_label("Consent")).to_be_checked()


def test_a_tab_closed_right_after_a_key_has_sent_it(draft_page, context):
    """Thirty times in full; the control shows that the 0.8 s timer alone would be too late."""
    for attempt in range(runs(30)):
        marat = draft_page().open()
        marat.name.press_sequentially(f"М{attempt}")
        assert marat.saved("contact.name") != f"М{attempt}", "the timer must not have fired yet"
        marat.page.close()
        deadline = time.monotonic() + 5
        while marat.saved("contact.name") != f"М{attempt}" and time.monotonic() < deadline:
            time.sleep(0.02)
        assert marat.saved("contact.name") == f"М{attempt}"


def test_a_dead_server_is_told_at_once_and_the_text_goes_when_it_is_back(draft_page):
    aigul = draft_page().open()
    aigul.server.fault = Fault("down")
    aigul.name.press_sequentially("Айгүл")
    aigul.has_state("local", timeout=3000)
    expect(aigul.page.locator("[data-draft-status]")).to_contain_text("only on this device")
    aigul.server.fault = None
    aigul.has_state("saved")
    assert aigul.saved("contact.name") == "Айгүл"


def test_retry_after_is_never_undercut(draft_page):
    aigul = draft_page().open()
    aigul.server.fault = Fault("status", 503, {"Retry-After": "3"})
    aigul.name.press_sequentially("Айгүл")
    aigul.server.wait_for("PATCH", 503)
    aigul.has_state("local")
    aigul.server.fault = None
    aigul.phone.press_sequentially("8 701")  # typing on must not hurry
    aigul.page.evaluate("window.dispatchEvent(new Event('focus')), window.dispatchEvent(new Event('online'))")
    aigul.has_state("saved")
    first, second = aigul.server.requests("PATCH")[:2]
    assert second - first >= 3
    assert (aigul.saved("contact.name"), aigul.saved("contact.phone")) == ("Айгүл", "8 701")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("down"),
        Fault("status", 401),
        Fault("status", 403),
        Fault("status", 404),
        Fault("status", 422),
        Fault("status", 500),
    ],
    ids=["down", "401", "403", "404", "422", "500"],
)
def test_a_failing_server_is_not_hammered(draft_page, fault):
    """A pause of at least 0.8 s that grows: a handful of tries in five seconds, and each key is kept."""
    aigul = draft_page().open()
    aigul.server.fault = fault
    aigul.name.press_sequentially("Айгүл")
    aigul.page.wait_for_timeout(5000)
    assert 1 <= len(aigul.server.requests("PATCH")) <= 7 * (2 if fault.status == 403 else 1)
    expect(aigul.name).to_have_value("Айгүл")


def test_a_lost_answer_is_asked_for_again_with_the_same_key(draft_page):
    aigul = draft_page().open()
    aigul.server.fault = Fault("lost")
    aigul.name.press_sequentially("Айгүл")
    aigul.has_state("local")
    aigul.server.fault = None
    aigul.has_state("saved")
    draft = aigul.server.drafts[aigul.draft]
    assert draft.fields["contact.name"]["ver"] == 1
    assert draft.rev == 1
    assert len(set(draft.keys)) == 1
    assert len(draft.keys) >= 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", 502, body="<h1>Bad gateway</h1>"),
        Fault("status", 200, body="<h1>Wi-Fi of the hotel: please sign in</h1>"),
        Fault("status", 200, body='{"rev": 9, "r": {}, "sha256": "of another body"}'),
    ],
    ids=["502", "a portal in between", "receipt of something else"],
)
def test_saved_is_never_shown_without_the_receipt(draft_page, fault):
    aigul = draft_page().open()
    aigul.server.fault = fault
    aigul.name.press_sequentially("Айгүл")
    aigul.has_state("local")
    aigul.page.wait_for_timeout(2500)
    assert aigul.page.get_attribute("[data-draft-status]", "data-state") in {"local", "saving"}
    aigul.server.fault = None
    aigul.has_state("saved")


def test_a_lost_session_asks_to_sign_in_and_goes_on_after_it(draft_page):
    aigul = draft_page().open()
    aigul.server.fault = Fault("status", 401, body="{}")
    aigul.name.press_sequentially("Айгүл")
    aigul.has_state("signin")
    link = aigul.page.get_by_role("link", name="Sign in")
    assert link.get_attribute("href") == f"/sign-in?next=%2Fform%3Fdraft%3D{aigul.draft}"
    aigul.server.fault = None
    aigul.page.evaluate("window.dispatchEvent(new Event('focus'))")
    aigul.has_state("saved")
    assert aigul.saved("contact.name") == "Айгүл"


def test_a_stale_csrf_token_is_renewed_also_in_the_plain_form(draft_page):
    aigul = draft_page().open()
    aigul.server.token = "second"
    aigul.name.press_sequentially("Айгүл")
    aigul.has_state("saved")
    assert aigul.page.input_value("[name=csrfmiddlewaretoken]") == "second"


def test_text_typed_before_the_script_arrived_is_saved(draft_page):
    aigul = draft_page()
    aigul.server.script_delay = 3
    aigul.page.goto(f"{aigul.server.url}/form?draft={aigul.draft}", wait_until="commit")
    aigul.name.press_sequentially("Айгүл")
    aigul.page.get_by_label("Call").check()
    aigul.has_state("saved")
    assert (aigul.saved("contact.name"), aigul.saved("contact.channel")) == ("Айгүл", "call")


def test_without_indexeddb_the_network_still_saves_and_the_words_are_honest(draft_page):
    aigul = draft_page()
    aigul.page.add_init_script("Object.defineProperty(window, 'indexedDB', {value: undefined})")
    aigul.open()
    aigul.name.press_sequentially("Айгүл")
    aigul.has_state("saved")
    aigul.server.fault = Fault("down")
    aigul.name.press_sequentially(" С.")
    aigul.has_state("blocked")
    expect(aigul.page.locator("[data-draft-status]")).to_contain_text("Press Save")


def test_a_wiped_store_is_written_again_from_memory(draft_page):
    aigul = draft_page().open()
    aigul.server.fault = Fault("down")
    aigul.name.press_sequentially("Айгүл")
    session = aigul.page.context.new_cdp_session(aigul.page)
    session.send("Storage.clearDataForOrigin", {"origin": aigul.server.url, "storageTypes": "indexeddb"})
    aigul.phone.press_sequentially("8 701")
    aigul.page.wait_for_timeout(500)
    aigul.page.evaluate("sessionStorage.clear()")
    aigul.page.reload()
    expect(aigul.name).to_have_value("Айгүл")
    expect(aigul.phone).to_have_value("8 701")


def test_one_field_that_is_refused_does_not_hold_up_the_others(draft_page):
    aigul = draft_page().open()
    aigul.server.fault = Fault("down")
    aigul.name.fill("Айгүл")
    aigul.page.get_by_label("Comment").fill("ы" * 70_000)
    aigul.has_state("local")
    aigul.server.fault = None
    aigul.server.largest = 64 * 1024
    aigul.has_state("toolong")
    assert aigul.saved("contact.name") == "Айгүл"
    aigul.page.get_by_label("Comment").fill("short")
    aigul.has_state("saved")
    assert aigul.saved("delivery.comment") == "short"


def test_a_draft_that_was_sent_elsewhere_says_so_and_stops(draft_page):
    aigul = draft_page().open()
    aigul.name.press_sequentially("Айгүл")
    aigul.has_state("saved")
    aigul.server.drafts[aigul.draft].status = "submitted"
    aigul.name.press_sequentially("!")
    aigul.has_state("closed")
    assert aigul.saved("contact.name") == "Айгүл"


def test_a_screen_reader_hears_a_change_of_state_once(draft_page):
    aigul = draft_page().open()
    aigul.page.evaluate(
        """() => { window.said = []; new MutationObserver(() => window.said.push(
           document.querySelector('[data-draft-announce]').textContent)).observe(
           document.querySelector('[data-draft-announce]'), {childList: true, characterData: true, subtree: true}) }"""
    )
    for _round in range(4):
        aigul.name.press_sequentially("ә", delay=5)
        aigul.has_state("saved")
        aigul.page.wait_for_timeout(100)
    aigul.server.fault = Fault("down")
    aigul.name.press_sequentially("ғ")
    aigul.has_state("local")
    said = aigul.page.evaluate("window.said")
    assert said == ["Saved", "Saved only on this device. We send it when the connection is back."]


def test_the_page_works_without_script(draft_page, browser: Browser):
    plain = browser.new_context(java_script_enabled=False)
    aigul = draft_page(within=plain).open()
    assert aigul.page.locator("[data-draft-status]").inner_text() == "Press the button below to save your answers."
    aigul.name.fill("Айгүл")
    aigul.page.get_by_role("button", name="Save and continue").click()
    assert [path for _at, method, path, _status in aigul.server.log if method == "POST"] == ["/form"]
    plain.close()
