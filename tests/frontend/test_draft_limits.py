"""A slow processor, a full disk, a small line: what saving costs and what happens at the edges."""

import json
import os

import pytest
from playwright.sync_api import expect

from tests.frontend.draft_server import Fault

SLOWDOWN = 6
MOST_MS = 50  # 95 of 100 local saves
MOST_BYTES = 400  # one field's PATCH
# From the task of the key to the moment when the database says that the value is there.
TIME_WRITES = """
  window.writes = [];
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (value) {
    const began = performance.now();
    if (this.name === "fields") this.transaction.addEventListener("complete", () => writes.push(performance.now() - began));
    return put.apply(this, arguments);
  };
"""


def test_a_local_save_is_quick_on_a_slow_phone(draft_page):
    aigul = draft_page()
    aigul.page.add_init_script(TIME_WRITES)
    aigul.open()
    aigul.page.context.new_cdp_session(aigul.page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    rounds = []
    for _ in range(5):  # the machine's other work only adds: the quietest round is what the page itself costs
        aigul.page.evaluate("writes.length = 0")
        aigul.name.press_sequentially("ә" * 60, delay=30)
        aigul.page.wait_for_timeout(300)
        writes = sorted(aigul.page.evaluate("writes"))
        assert len(writes) >= 60
        rounds.append(writes[int(len(writes) * 0.95) - 1])
        if rounds[-1] <= MOST_MS:
            break
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    if min(rounds) > MOST_MS and load > 1:  # a slowed processor that others share is slower than any phone
        pytest.skip(f"{load:.1f} programs want each core: a local save is judged on a machine that has one to spare")
    assert min(rounds) <= MOST_MS, rounds


def test_one_field_is_a_small_request(draft_page):
    aigul = draft_page()
    bodies = []
    aigul.page.on(
        "request", lambda request: bodies.append(request.post_data_buffer) if request.method == "PATCH" else None
    )
    aigul.open()
    aigul.phone.press_sequentially("8 701 000 00 11")
    aigul.has_state("saved")
    assert len(bodies) == 1
    assert len(bodies[0]) <= MOST_BYTES, bodies[0]


def test_a_full_disk_is_told_and_the_network_saves_on(draft_page):
    aigul = draft_page()
    browser = aigul.page.context.new_cdp_session(aigul.page)
    browser.send("Storage.overrideQuotaForOrigin", {"origin": aigul.server.url, "quotaSize": 1})
    aigul.open()
    comment = aigul.page.get_by_label("Comment")
    comment.fill("ә" * 10_000)
    aigul.has_state("saved")
    assert aigul.saved("delivery.comment") == "ә" * 10_000
    aigul.server.fault = Fault("down")
    comment.fill("ғ" * 10_000)
    aigul.has_state("blocked")
    expect(aigul.page.locator("[data-draft-status]")).to_contain_text("Press Save")
    aigul.server.fault = None
    aigul.page.evaluate("window.dispatchEvent(new Event('focus'))")
    aigul.has_state("saved")
    assert aigul.saved("delivery.comment") == "ғ" * 10_000


# What a browser cannot bring back by accident: Kazakh letters, emoji of several code points, a lone surrogate's pair,
# zero-width joiners, tabs.
TEXT = "ӘҒҚҢӨҰҮҺІ әғқңөұүһі «– ₸» 👩🏽\u200d🦽 \t 10\u00a0000\r\nекінші жол\n"


def test_ten_thousand_characters_make_the_round_trip_unchanged(draft_page):
    """What the browser has is what the server gets and what the next device shows, to the byte."""
    aigul = draft_page().open()
    text = (TEXT * 300)[:10_000]
    aigul.page.get_by_label("Comment").fill(text)
    aigul.has_state("saved")
    shown = aigul.page.get_by_label("Comment").input_value()  # HTML: a text area's line break is one character
    assert shown == text.replace("\r\n", "\n")
    assert aigul.saved("delivery.comment").encode() == shown.encode()
    aigul.page.reload()
    expect(aigul.page.get_by_label("Comment")).to_have_value(shown)
    other = draft_page(aigul, within=aigul.page.context.browser.new_context()).open()
    expect(other.page.get_by_label("Comment")).to_have_value(shown)
    other.page.context.close()


def test_a_crlf_of_a_program_is_not_changed_by_looking_at_it(draft_page):
    """A value that a program stored with CR/LF stays as it is until a person changes the field."""
    aigul = draft_page()
    aigul.server.save(aigul.draft, "aigul", "k", _one("delivery.comment", "бір\r\nекі").encode())
    aigul.open()
    aigul.phone.press_sequentially("8")
    aigul.has_state("saved")
    assert aigul.saved("delivery.comment") == "бір\r\nекі"


def _one(name: str, value: str) -> str:
    return json.dumps({"device": "program", "ops": [{"f": name, "v": value, "base": 0, "seq": 1}]})
