"""The application without JavaScript: every button saves first, nothing that was typed or chosen is lost."""

import io
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from marketplace.models import Draft, DraftFile, StoredFile
from orders.models import Order
from suppliers.models import StockRecord
from tests.orders import factories as make


class Form(HTMLParser):
    """What a browser would send of the page's form for the draft: every field as it stands, and where."""

    def __init__(self, page: Any):
        super().__init__()
        self.fields: dict[str, Any] = {}
        self.buttons: list[tuple[str, str]] = []
        self.attributes: dict[str, str | None] = {}
        self._inside = self._done = False
        self._select = self._text = ""
        self.feed(page.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and "data-draft" in given and not self._done:
            self._inside, self.attributes = True, given
        if not self._inside:
            return
        name, kind = given.get("name") or "", given.get("type")
        if tag == "button":
            self.buttons.append((name, given.get("value") or ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.fields[self._select] = given.get("value") or ""
        elif tag == "textarea":
            self._text = name
            self.fields[name] = ""
        elif tag == "input" and name and kind not in {"file", "submit"}:
            if kind not in {"radio", "checkbox"}:
                self.fields[name] = given.get("value") or ""
            elif "checked" in given:
                self.fields.setdefault(name, []).append(given.get("value") or "on")

    def handle_data(self, data: str) -> None:
        if self._text:
            self.fields[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._inside:
            self._inside, self._done = False, True
        self._select = "" if tag == "select" else self._select
        self._text = "" if tag == "textarea" else self._text


def photo(name: str = "рецепт.jpg") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.effect_noise((60, 40), 50).convert("RGB").save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def parent(family) -> Client:
    client = Client()
    client.force_login(family.aigul, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def draft(family) -> Draft:
    return make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 2)))


def url(draft: Draft, step: str) -> str:
    return f"/en/applications/{draft.pk}/{step}/"


def press(client: Client, address: str, button: tuple[str, str] = ("", ""), **typed: Any) -> Any:
    """Open the page, type, press a button: what a browser without scripts does."""
    form = Form(client.get(address))
    sent = form.fields | typed
    if button[0]:
        sent[button[0]] = button[1]
    return client.post(address, sent)


TYPED = {
    "goods": {"line.a.quantity": "3"},
    "delivery": {"delivery.address": "Абай көшесі, 7", "delivery.comment": "Екінші кіреберіс\nесік 4"},
    "contact": {"contact.name": "Айгүл Н.", "contact.phone": "8 701 000 00 01", "contact.channel": "call"},
}
BAD = {
    "goods": {"line.a.quantity": "үш"},
    "delivery": {"delivery.address": "", "delivery.comment": "Екінші кіреберіс"},
    "contact": {"contact.name": "Айгүл Н.", "contact.phone": "не знаю", "contact.channel": "call"},
}


def values(draft: Draft, names: Any) -> dict[str, Any]:
    draft.refresh_from_db()
    return {name: str(draft.value(name)).replace("\r\n", "\n") for name in names}


@pytest.mark.parametrize("step", TYPED)
@pytest.mark.parametrize("button", [("", ""), ("leave", "")])
def test_every_button_of_every_step_saves(parent, draft, step, button):
    answer = press(parent, url(draft, step), button, **TYPED[step])
    assert answer.status_code == 302
    assert values(draft, TYPED[step]) == TYPED[step]
    assert (answer.url == "/en/applications/") == (button[0] == "leave")


@pytest.mark.parametrize("step", TYPED)
def test_the_step_back_shows_what_was_saved(parent, draft, step):
    answer = press(parent, url(draft, step), **TYPED[step])
    parent.get(answer.url)  # the next step …
    again = Form(parent.get(url(draft, step)))  # … and back
    for name, value in TYPED[step].items():
        shown = again.fields[name]
        assert (shown[0] if isinstance(shown, list) else shown.removeprefix("\n")) == value


@pytest.mark.parametrize("step", BAD)
def test_a_wrong_answer_keeps_every_answer_of_the_step(parent, draft, step):
    answer = press(parent, url(draft, step), **BAD[step])
    assert answer.status_code == 422
    assert values(draft, BAD[step]) == BAD[step]
    form = Form(answer)
    for name, value in BAD[step].items():
        shown = form.fields[name]
        assert (shown[0] if isinstance(shown, list) else shown.removeprefix("\n")) == value


@pytest.mark.parametrize("step", TYPED)
def test_the_enter_key_saves_and_goes_on(parent, draft, step):
    """Browsers press the first button of a form: it must not be one that removes something."""
    assert Form(parent.get(url(draft, step))).buttons[0] == ("", "")


def test_removing_a_line_saves_the_other_line_and_the_photo(family, parent):
    two = make.make_draft(
        family.aigul, make.fields_for((family.walker, family.walker_offer, 1), (family.diapers, family.diaper_offer, 2))
    )
    answer = press(parent, url(two, "goods"), ("_remove", "a"), **{"line.b.quantity": "4", "_photo": photo()})
    assert (answer.status_code, answer.url) == (302, url(two, "goods"))
    two.refresh_from_db()
    assert (two.value("line.a.offer"), two.value("line.b.quantity")) == (None, "4")
    assert two.files.get().status == "kept"


def test_the_button_of_a_question_saves_the_other_answers_first(family, parent, draft):
    address = url(draft, "contact")
    page = Form(parent.get(address))
    make.save(draft.pk, family.gulnar, {"contact.name": "Айгүл апай"})
    answer = parent.post(address, page.fields | {"contact.name": "Айгүл Н.", "contact.phone": "8 701 000 00 01"})
    assert answer.status_code == 200 and "Which answer do we keep?" in answer.content.decode()
    answer = press(parent, address, ("_resolve", "mine:contact.name"), **{"contact.phone": "8 701 000 00 77"})
    assert (answer.status_code, answer.url) == (302, address)
    assert values(draft, ["contact.name", "contact.phone"]) == {
        "contact.name": "Айгүл Н.", "contact.phone": "8 701 000 00 77",
    }  # fmt: skip
    assert draft.conflicts == {}


# --- Photos ---------------------------------------------------------------------------------------


def test_the_form_can_carry_a_photo(parent, draft):
    page = parent.get(url(draft, "goods"))
    assert Form(page).attributes["enctype"] == "multipart/form-data"
    assert re.search(r'<input[^>]*name="_photo"[^>]*type="file"[^>]*accept="image/\*"', page.content.decode())


@pytest.mark.parametrize(
    ("button", "leads_to"),
    [(("_add_photo", "1"), "goods/"), (("", ""), "delivery/"), (("leave", ""), "/en/applications/")],
)
def test_every_button_takes_the_chosen_photo_along(parent, draft, button, leads_to):
    answer = press(parent, url(draft, "goods"), button, **{"line.a.quantity": "3", "_photo": photo()})
    assert answer.status_code == 302 and answer.url.endswith(leads_to)
    file = DraftFile.objects.get()
    assert (file.draft, file.name, file.status) == (draft, "рецепт.jpg", "kept")
    assert values(draft, ["line.a.quantity"]) == {"line.a.quantity": "3"}
    page = parent.get(url(draft, "goods")).content.decode()
    assert f"/files/{file.stored_file_id}/small/" in page and "Preview: рецепт.jpg" in page
    check = parent.get(url(draft, "check")).content.decode()
    assert f"/files/{file.stored_file_id}/" in check and "_remove_photo" not in check


def test_a_wrong_answer_keeps_the_photo(parent, draft):
    answer = press(parent, url(draft, "goods"), **{"line.a.quantity": "үш", "_photo": photo()})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "рецепт.jpg" in text and 'value="үш"' in text
    # The corrected form is sent without choosing the photo again.
    answer = press(parent, url(draft, "goods"), **{"line.a.quantity": "2"})
    assert answer.url == url(draft, "delivery")
    assert DraftFile.objects.get().status == "kept"


def test_a_wrong_photo_keeps_the_answers_and_says_what_to_do(parent, draft):
    bad = SimpleUploadedFile("договор.pdf", b"%PDF-1.7 ...", "application/pdf")
    answer = press(parent, url(draft, "goods"), **{"line.a.quantity": "5", "_photo": bad})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "take a photo of its page" in text and 'href="#photo"' in text and "Error:" in text
    assert values(draft, ["line.a.quantity"]) == {"line.a.quantity": "5"}
    assert not DraftFile.objects.exists()


def test_a_photo_is_removed_with_its_button(parent, draft):
    press(parent, url(draft, "goods"), ("_add_photo", "1"), _photo=photo())
    file = DraftFile.objects.get()
    form = Form(parent.get(url(draft, "goods")))
    assert ("_remove_photo", str(file.pk)) in form.buttons
    answer = press(parent, url(draft, "goods"), ("_remove_photo", str(file.pk)), **{"line.a.quantity": "4"})
    assert (answer.status_code, answer.url) == (302, url(draft, "goods"))
    assert not DraftFile.objects.exists() and not StoredFile.objects.exists()
    assert values(draft, ["line.a.quantity"]) == {"line.a.quantity": "4"}
    # Pressed again in an old tab: it is gone, which is what was wanted.
    assert parent.post(url(draft, "goods"), form.fields | {"_remove_photo": str(file.pk)}).status_code == 302


def test_the_photo_goes_with_the_order_to_owner_and_office_only(family, parent, draft):
    press(parent, url(draft, "goods"), ("_add_photo", "1"), _photo=photo())
    stored = StoredFile.objects.get()
    make.submit(draft, family.aigul)
    order = Order.objects.get()
    office, seller, stranger = Client(), Client(), Client()
    for client, user in ((office, family.gulnar), (seller, family.yerlan), (stranger, family.dina)):
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    for client in (parent, office):
        page = client.get(f"/en/orders/{order.number}/").content.decode()
        assert f"/files/{stored.pk}/" in page and "The supplier does not see them." in page
        assert client.get(f"/files/{stored.pk}/").status_code == 200
    page = seller.get(f"/en/supplier/orders/{order.number}/").content.decode()
    assert "/files/" not in page
    for client in (seller, stranger, Client()):
        assert client.get(f"/files/{stored.pk}/").status_code == 404
        assert client.get(f"/files/{stored.pk}/small/").status_code == 404


# --- Packs and pieces -----------------------------------------------------------------------------


def test_ordering_pages_say_packs_and_pieces(family, parent, draft):
    StockRecord.objects.filter(pk=family.diaper_offer.pk).update(pack_size=30)
    goods = parent.get(url(draft, "goods")).content.decode().replace("\xa0", " ")
    assert "5,700 ₸ for a pack of 30 pieces." in goods
    assert "Your norm has 365 pieces (12 packs) now." in goods
    assert "This line takes 2 packs (60 pieces); 305 pieces (10 packs) stay." in goods
    check = parent.get(url(draft, "check")).content.decode().replace("\xa0", " ")
    assert "2 packs (60 pieces)" in check and "305 pieces (10 packs)" in check
    make.submit(draft, family.aigul)
    order = Order.objects.get()
    for address in (f"/en/orders/{order.number}/", "/en/orders/", f"/en/applications/{draft.pk}/sent/"):
        assert "2 packs (60 pieces)" in parent.get(address).content.decode().replace("\xa0", " "), address


def test_too_much_is_told_in_packs_and_pieces(parent, draft):
    answer = press(parent, url(draft, "goods"), **{"line.a.quantity": "13"})
    text = answer.content.decode().replace("\xa0", " ")
    assert "You asked for 13 packs (390 pieces), and 365 pieces (12 packs) are left for this period." in text
