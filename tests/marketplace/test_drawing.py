"""What is drawn once for all who see the same: never for those who see something else."""

from datetime import date
from decimal import Decimal

import pytest
from django import forms
from django.template import Context
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from marketplace import drawing
from marketplace.templatetags import controls

CARD = "components/product_card.html"
TAG = "components/status_tag.html"


@pytest.fixture
def drawn(monkeypatch):
    """(what is drawn, how often the template was asked)"""
    asked = []
    monkeypatch.setattr(drawing, "render_to_string", lambda *given: asked.append(given) or SafeString(given[1]))
    monkeypatch.setattr(drawing, "_kept", drawing.LRUCache(4))
    return asked


def test_the_same_is_drawn_once_in_each_language(drawn):
    with translation.override("kk"):
        assert drawing.drawn(CARD, {"a": ["b", {"c": Decimal("1.50")}]}) == drawing.drawn(
            CARD, {"a": ["b", {"c": Decimal("1.50")}]}
        )
    assert len(drawn) == 1
    with translation.override("ru"):
        drawing.drawn(CARD, {"a": ["b", {"c": Decimal("1.50")}]})
    drawing.drawn(TAG, {"a": ["b", {"c": Decimal("1.50")}]})
    assert len(drawn) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<b>", SafeString("<b>")),
        (1, True),
        (0, False),
        (1, Decimal(1)),
        (Decimal("1.0"), Decimal("1.00")),
        ("1", 1),
        (None, ""),
        (None, "None"),
        (date(2026, 1, 1), "2026-01-01"),
        ([], {}),
        (["a", "b"], ["ab"]),
        ({"a": 1}, {"b": 1}),
    ],
)
def test_what_is_drawn_otherwise_is_not_mistaken_for_it(drawn, one, other):
    drawing.drawn(CARD, {"shown": one})
    drawing.drawn(CARD, {"shown": other})
    assert len(drawn) == 2


def test_a_text_counts_in_the_language_in_which_it_is_read(drawn):
    with translation.override("en"):
        drawing.drawn(CARD, {"shown": gettext_lazy("Search")})
        drawing.drawn(CARD, {"shown": "Search"})
    assert len(drawn) == 1


def test_what_cannot_be_compared_is_refused(drawn):
    with pytest.raises(TypeError):
        drawing.drawn(CARD, {"shown": object()})
    assert not drawn


@pytest.mark.parametrize(
    ("inner", "shown"),
    [("<b>", "&lt;b&gt;"), (SafeString("<b>"), "<b>"), ("", ""), (f"a{drawing.HERE}", f"a{drawing.HERE}")],
)
def test_what_stands_inside_is_escaped_and_not_kept(monkeypatch, inner, shown):
    monkeypatch.setattr(drawing, "_kept", drawing.LRUCache(4))
    for _again in range(2):
        html = drawing.drawn_around("components/tag.html", {"text": drawing.HERE, "colour": "blue"}, inner)
        assert f">{shown}<" in html.replace("\n", "")
    assert [kept.count(drawing.HERE) for kept in drawing._kept.values()] == [1]


def test_the_oldest_goes_when_there_is_no_room(drawn):
    for number in range(6):
        drawing.drawn(CARD, {"shown": number})
    drawing.drawn(CARD, {"shown": 5})
    assert len(drawn) == 6
    drawing.drawn(CARD, {"shown": 0})
    assert len(drawn) == 7


class Many(forms.Form):
    same_for_many = True

    q = forms.CharField(label="Search")
    where = forms.ChoiceField(label="Where", choices=[("", "All"), ("a", "Ақмола & (3)"), ("b", "<b> (1)")])


class One(Many):
    same_for_many = False


def shown(form: type[forms.Form], **asked: str) -> list[str]:
    return [str(controls.render(field, {}, Context())) for field in form(asked)]


@pytest.mark.parametrize("typed", ['"><script>', "{{ q }}", "a", "0", "Айгүл & Co", ""])
def test_a_frame_that_is_drawn_once_shows_what_the_component_alone_would(typed):
    for where in ("", "b"):
        for _again in range(2):
            assert shown(Many, q=typed, where=where) == shown(One, q=typed, where=where)


def test_what_somebody_typed_is_not_kept_nor_are_counts(monkeypatch):
    monkeypatch.setattr(drawing, "_kept", drawing.LRUCache(100))
    for typed in ("diapers of Aigul", "crutches of Marat"):
        assert typed in shown(Many, q=typed, where="b")[0]
    assert len(drawing._kept) == 2, "one frame for each field"
    assert "Aigul" not in str(drawing._kept) and "(3)" not in str(drawing._kept)
    shown(Many, q="", where="unknown <place> of Aigul")
    assert "Aigul" not in str(drawing._kept), "an error may name what was typed"
