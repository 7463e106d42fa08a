"""Every pair of text and background reaches 7:1 (WCAG 1.4.6), computed from the sheet that browsers get."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).resolve().parents[2] / "marketplace/static/app/app.css").read_text(encoding="utf-8")
# Colours of the standard scheme by variable: (text, background).
PAIRS = [
    ("govuk-text", "govuk-body-background"),
    ("govuk-secondary-text", "govuk-body-background"),
    ("govuk-link", "govuk-body-background"),
    ("govuk-link-hover", "govuk-body-background"),
    ("govuk-link-visited", "govuk-body-background"),
    ("govuk-error", "govuk-body-background"),
    ("govuk-success", "govuk-body-background"),
    ("govuk-brand", "govuk-body-background"),
    ("govuk-focus-text", "govuk-focus"),
    ("govuk-inverse-text", "govuk-brand"),
    ("govuk-inverse-text", "govuk-success"),
    ("govuk-surface-text", "govuk-surface-background"),
    ("govuk-link", "govuk-surface-background"),
    ("govuk-link", "app-tint"),
    ("govuk-link-visited", "app-tint"),
    ("govuk-secondary-text", "app-tint"),
    ("govuk-text", "app-quiet"),
    ("govuk-text", "app-quiet-hover"),
    ("app-action-text", "app-action"),
    ("app-action-text", "app-action-hover"),
    ("app-action-text", "app-danger"),
    ("app-action-text", "app-danger-hover"),
]
# Rules that name both of their colours.
OWN_RULES = [".govuk-tag", *(f".govuk-tag--{colour}" for colour in ("green", "yellow", "red", "purple", "grey"))]
SCHEMES = ("bw", "wb", "blue", "yb")
# Shapes that carry meaning (borders of boxes, bars) need 3:1 (WCAG 1.4.11).
SHAPES = [
    ("govuk-input-border", "govuk-body-background"),
    ("govuk-brand", "app-quiet"),
    ("govuk-surface-border", "govuk-body-background"),
]


def _variables(selector: str) -> dict[str, str]:
    blocks = re.findall(rf"(?<=[;}}{{]){re.escape(selector)}{{([^{{}}]*)}}", CSS)
    pairs = (part.partition(":")[::2] for block in blocks for part in block.split(";") if part.startswith("--"))
    found: dict[str, str] = {}  # the first one: later blocks belong to paper and to a person's system settings
    for name, value in pairs:
        found.setdefault(name.removeprefix("--").removesuffix("-colour"), value.strip())
    return found


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(_hex(one)), _luminance(_hex(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _hex(colour: str) -> str:
    return {"white": "#fff", "black": "#000"}.get(colour, colour)


def test_the_measure_itself():
    assert _contrast("#000", "#fff") == pytest.approx(21)
    assert _contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("text", "background"), PAIRS)
def test_standard_scheme(text, background):
    colours = _variables(":root")
    assert _contrast(colours[text], colours[background]) >= 7


@pytest.mark.parametrize(("shape", "background"), SHAPES)
def test_shapes(shape, background):
    colours = _variables(":root")
    assert _contrast(colours[shape], colours[background]) >= 3


@pytest.mark.parametrize("selector", OWN_RULES)
def test_tags(selector):
    pairs = []
    for block in re.findall(rf"{re.escape(selector)}{{([^{{}}]*)}}", CSS):
        colours = dict(part.split(":", 1) for part in block.split(";") if ":" in part)
        background = colours.get("background", colours.get("background-color"))
        if "color" in colours and background:
            pairs.append((colours["color"], background))
    assert pairs, f"{selector} names its colours"
    assert _contrast(*pairs[-1]) >= 7, "the last rule wins"


def test_tiles_of_the_map():
    for level, text in ((1, "#14181a"), (2, "#14181a"), (3, "#14181a"), (4, "#ffffff")):
        background = re.search(rf"\.app-tile--{level}{{[^}}]*background:(#[0-9a-f]+)", CSS)
        assert background, level
        assert _contrast(text, background[1]) >= 7


@pytest.mark.parametrize("scheme", SCHEMES)
def test_low_vision_schemes(scheme):
    colours = _variables(f".lv-scheme-{scheme}")
    assert _contrast(colours["lv-text"], colours["lv-back"]) >= 7
