"""The components: complete, strict about their parameters, and right in what a screen reader hears."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django import forms
from django.http import HttpRequest
from django.template import Context, Template, engines
from django.test import Client
from django.utils.translation import override

from marketplace.form_fields import DatePartsField
from marketplace.styleguide import SampleForm

COMPONENTS = Path(__file__).resolve().parents[2] / "marketplace" / "templates" / "components"
FILES = sorted(COMPONENTS.glob("*.html"))
STATES = ["", "errors", "conflict", "messages"]
ERROR_PAGES = ["400", "403", "404", "500", "503", "csrf", "refused"]
pytestmark = pytest.mark.urls("tests.frontend.urls")


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> str:
    """A variable that is printed without being there leaves this mark."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "MISSING(%s)")
    return "MISSING("


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with override("en"):
        yield


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


class Page(HTMLParser):
    """What the tests ask of HTML: elements with their attributes, ids, texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self) -> list[str | None]:
        return [attributes["id"] for _name, attributes in self.elements if "id" in attributes]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_component_says_how_it_is_used(file):
    assert file.read_text(encoding="utf-8").startswith("{#") or file.stem in {"_described_by", "_data_ver"}


def test_the_list_for_page_authors_is_complete():
    listed = (COMPONENTS / "README.md").read_text(encoding="utf-8")
    inside_the_shell = {"header", "footer", "messages"}
    names = {file.stem for file in FILES if not file.stem.startswith("_")} - inside_the_shell
    assert {name for name in names if not re.search(rf"\b{name}\b", listed)} == set()


def test_the_styleguide_shows_every_component():
    used = (COMPONENTS.parent / "styleguide.html").read_text(encoding="utf-8")
    tags = {"table", "bar_table", "error_summary", "pagination"}
    widgets = {"input", "textarea", "select", "radios", "checkboxes", "checkbox", "date_parts", "file_upload"}
    within_others = {"tag", "offer_row", "conflict", "picture", "header", "footer", "messages", "mark"}
    names = {file.stem for file in FILES if not file.stem.startswith("_")} - tags - widgets - within_others
    assert {name for name in names if f"components/{name}.html" not in used and f'"{name}"' not in used} == set()


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("state", STATES)
def test_no_component_prints_a_missing_parameter(strict, client: Client, language, state):
    html = client.get(f"/{language}/demo/components/", {"state": state} if state else None).content.decode()
    assert strict not in html
    assert len(Page(html).ids) == len(set(Page(html).ids)), "an id stands once"


@pytest.mark.parametrize("name", ERROR_PAGES)
def test_error_pages_need_no_database_and_say_what_to_do(strict, client: Client, name):
    html = client.get(f"/en/errors/{name}/").content.decode()
    assert strict not in html
    assert re.search(r"Go back|Wait a minute|sign in|Sign out|Go to", html)
    assert "<h1" in html


def test_the_500_page_renders_without_a_request():
    from marketplace.views.errors import server_error

    html = server_error(HttpRequest()).content.decode()
    assert "Something went wrong on our side" in html
    assert "Answers that you typed into a form are kept." in html


def test_every_error_of_the_summary_leads_to_a_control_and_is_repeated_there(client: Client):
    html = client.get("/en/demo/components/", {"state": "errors"}).content.decode()
    page = Page(html)
    targets = re.findall(r'<li><a href="#([^"]+)">', html.split("govuk-error-summary__list")[1].split("</ul>")[0])
    assert targets == [
        "id_name", "id_phone", "id_quantity", "id_region", "id_channel", "id_birth_day", "id_consent",
    ]  # fmt: skip
    controls = {a.get("id") for tag in ("input", "select", "textarea") for a in page.all(tag)}
    assert set(targets) <= controls
    assert "<title>Error: Components – Tirek</title>" in html
    assert html.count("Enter the full name.") == 2
    assert 'value="three"' in html, "a wrong answer is not wiped"
    name = next(a for a in page.all("input") if a.get("id") == "id_name")
    assert name["aria-describedby"] == "id_name-hint id_name-error"
    assert name["aria-invalid"] == "true"
    assert name["autocomplete"] == "name"


def test_a_text_field_has_label_hint_and_its_own_attributes():
    html = render("{% form_field form.name optional=True %}{% form_field form.quantity %}", form=SampleForm())
    page = Page(html)
    name, quantity = page.all("input")
    assert (name["type"], name["maxlength"], name["spellcheck"], name["aria-describedby"]) == (
        "text", "200", "false", "id_name-hint",
    )  # fmt: skip
    assert "required" not in name
    assert (quantity["type"], quantity["inputmode"]) == ("text", "numeric")
    assert not {"min", "max", "step"} & set(quantity)
    assert page.all("label")[0]["for"] == "id_name"
    assert "Full name (optional)</label>" in html


def test_a_question_of_its_own_page_is_the_heading():
    html = render(
        "{% form_field form.channel heading=True %}{% form_field form.name heading=True %}", form=SampleForm()
    )
    assert '<h1 class="govuk-fieldset__heading">How do we reach you</h1>' in html
    assert re.search(r'<h1 class="govuk-label-wrapper"><label [^>]*for="id_name"', html)


def test_radios_are_one_group_and_the_first_one_has_the_id_of_the_question():
    class WithHints(forms.Form):
        channel = forms.ChoiceField(
            label="Channel", choices=[("sms", "SMS"), ("call", "Call")], widget=forms.RadioSelect
        )

    form = WithHints(initial={"channel": "call"})
    form.fields["channel"].widget.option_hints = {"sms": "Free of charge"}
    page = Page(render("{% form_field form.channel %}", form=form))
    first, second = page.all("input")
    assert (first["id"], second["id"]) == ("id_channel", "id_channel-2")
    assert ("checked" in first, "checked" in second) == (False, True)
    assert first["aria-describedby"] == "id_channel-1-hint"
    assert len(page.all("fieldset")) == 1


def test_a_date_is_asked_in_three_boxes_and_keeps_unfinished_text():
    class Birth(forms.Form):
        birth = DatePartsField(label="Birth")

    page = Page(
        render(
            "{% form_field form.birth birthday=True %}",
            form=Birth({"birth_day": "31", "birth_month": "2", "birth_year": ""}),
        )
    )
    assert [(a["name"], a.get("value")) for a in page.all("input")] == [
        ("birth_day", "31"), ("birth_month", "2"), ("birth_year", None),
    ]  # fmt: skip
    good = Birth({"birth_day": "27", "birth_month": "3", "birth_year": "2020"})
    assert good.is_valid()
    assert good.cleaned_data == {"birth": date(2020, 3, 27)}
    bad = Birth({"birth_day": "31", "birth_month": "2", "birth_year": "2020"})
    assert bad.errors == {"birth": ["Enter a real date, for example 5 12 2026."]}
    assert Birth({}).errors == {"birth": ["Enter the day, month and year."]}


def test_a_draft_form_carries_versions_twice_and_the_conflict_at_its_field():
    form = SampleForm(initial={"phone": "8 701"})
    form.versions = {"phone": 4, "name": 0}
    form.conflicts = {
        "phone": {"yours": "8 701", "theirs": "8 702", "by": "Marat", "at": datetime(2026, 12, 5, 5, 32, tzinfo=UTC)}
    }
    html = render("{% form_fields form %}", form=form)
    page = Page(html)
    inputs = {a["name"]: a for a in page.all("input") if a.get("name")}
    assert (inputs["phone"]["data-ver"], inputs["_ver_phone"]["value"]) == ("4", "4")
    assert (inputs["name"]["data-ver"], inputs["_ver_name"]["value"]) == ("0", "0")
    assert "data-ver" not in inputs["quantity"]
    assert [(a["name"], a["value"]) for a in page.all("button")] == [
        ("_resolve", "mine:phone"), ("_resolve", "theirs:phone"),
    ]  # fmt: skip
    assert "(Marat, 5\xa0Dec\xa02026, 10:32)" in html


def test_what_a_person_typed_is_never_markup():
    form = SampleForm({"name": "<script>alert(1)</script>", "comment": "</textarea><b>"})
    html = render("{% form_fields form %}{% error_summary form %}", form=form)
    assert "<script>" not in html
    assert "<b>" not in html


def test_bars_are_measured_against_the_largest_value_and_repeat_the_number():
    rows = [{"label": "Шымкент", "value": 40}, {"label": "Абай", "value": 10}, {"label": "Ұлытау", "value": 0}]
    html = render('{% bar_table rows id="b" caption="C" label_heading="L" value_heading="V" %}', rows=rows)
    assert [a["width"] for a in Page(html).all("rect")] == ["100", "25", "0"]
    with override("ru"):
        html = render(
            '{% bar_table rows id="b" caption="C" label_heading="L" value_heading="V" %}',
            rows=[{"label": "А", "value": 1234.5}],
        )
    assert 'width="100"' in html


def test_pagination_keeps_the_query(rf):
    from django.core.paginator import Paginator

    request = rf.get("/ru/catalog/", {"q": "жаялық", "page": "2"})
    html = Template("{% pagination page %}").render(
        Context({"request": request, "page": Paginator(range(100), 10).page(2)})
    )
    assert 'href="?q=%D0%B6%D0%B0%D1%8F%D0%BB%D1%8B%D2%9B&amp;page=3" rel="next"' in html
    assert html.count('aria-current="page"') == 1


def test_pictures_can_be_switched_off():
    source = '{% include "components/picture.html" with url="/a.jpg" alt="A walker" width=10 height=10 %}'
    from marketplace.vision import NORMAL, Vision

    assert "<img" in render(source, vision=NORMAL)
    without = render(source, vision=Vision(images=False))
    assert "<img" not in without
    assert "A walker" in without


def test_wrap_puts_rich_content_into_a_component():
    html = render('{% wrap "details" summary="More" %}<p>{{ text }}</p>{% endwrap %}', text="a < b")
    assert "<p>a &lt; b</p>" in html
    assert '<span class="govuk-details__summary-text">More</span>' in html


def test_error_prefix_of_the_title():
    assert render('{{ "Delivery"|add_error_prefix:form }}', form=SampleForm({})) == "Error: Delivery"
    assert render('{{ "Delivery"|add_error_prefix:form }}', form=SampleForm()) == "Delivery"
