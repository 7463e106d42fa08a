"""Every requirement of levels 1 and 2 of ASVS 5.0 has its answer in docs/asvs.toml, and what it names is there."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
ANSWERS = {"test", "document", "not_applicable", "open"}


def required() -> set[str]:
    found = set()
    for line in (Path(__file__).parent / "asvs.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            section, levels = line.split()
            found |= {f"{section}.{place}" for place, level in enumerate(levels, 1) if level in "12"}
    return found


def answered() -> dict[str, dict[str, str]]:
    return tomllib.loads((ROOT / "docs" / "asvs.toml").read_text(encoding="utf-8"))


def chapters(answers: dict[str, dict[str, str]]) -> set[str]:
    return {name for name in answers if "." not in name}


def missing(answers: dict[str, dict[str, str]]) -> list[str]:
    left_out = chapters(answers)
    return sorted(name for name in required() - answers.keys() if name.split(".")[0] not in left_out)


def test_the_list_is_that_of_the_standard():
    assert len(required()) == 253


def test_every_requirement_is_answered():
    assert missing(answered()) == []
    assert sorted(answered().keys() - required() - chapters(answered())) == [], "no such requirement"


def test_control_a_requirement_that_is_left_out_is_found():
    answers = answered()
    del answers["8.2.1"], answers["9"]
    assert missing(answers)[:2] == ["8.2.1", "9.1.1"]


def test_every_answer_is_one_and_says_something_that_is_there():
    for name, answer in answered().items():
        [(kind, text)] = answer.items()
        assert kind in ANSWERS and text, name
        if kind in {"test", "document"}:
            assert (ROOT / text).is_file(), f"{name}: {text}"
        else:
            assert len(text) > 5, name
    assert all("not_applicable" in answered()[name] for name in chapters(answered()))
