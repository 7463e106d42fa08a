"""The built files: equal to their sources, small, plain, and asking nobody else for anything."""

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "marketplace" / "frontend"
BUILT = ROOT / "marketplace" / "static" / "app"
APPS = ("marketplace", "catalog", "suppliers", "orders", "complaints")
TEMPLATES = sorted(path for app in APPS for path in (ROOT / app).glob("templates/**/*.html"))
KIB = 1024
# Most KiB, gzipped. draft.js with the database is what a form page of a citizen loads, ui.js what a visitor's page does.
SHEETS = {"app.css": 14, "plain.css": 1, "mirror.css": 1}
SCRIPTS = {
    "ui.js": 3,
    "account.js": 3,
    "draft.js": 8,
    "queue.js": 5,
    "device.js": 14,
    "sw.js": 2,
    "sw-off.js": 1,
    "files.js": 1,
    "photos.js": 5,
    "recorder.js": 2,
    "mirror.js": 2,
    "presence.js": 1,
    "kiosk.js": 1,
    "pace.js": 1,
    "key.js": 1,
    "signing.js": 1,
}


def test_rebuilt_files_equal_the_committed_ones():
    if shutil.which("node") is None:
        pytest.skip("needs Node: only those who change the styles or scripts have it")
    if not (FRONTEND / "node_modules" / "esbuild").is_dir():
        pytest.skip("needs the build tools: npm ci in marketplace/frontend")
    built = subprocess.run(["node", "build.mjs", "--check"], cwd=FRONTEND, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr


@pytest.mark.parametrize(("name", "budget"), (SHEETS | SCRIPTS).items())
def test_size_gzipped(name, budget):
    assert len(gzip.compress((BUILT / name).read_bytes(), 9)) <= budget * KIB


def test_the_overload_page_is_tiny_and_speaks_three_languages():
    page = (BUILT / "overload.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 4 * KIB
    assert re.findall(r'(?:html|section) lang="(..)"', page) == ["kk", "ru", "en"]
    for word in ("сақталды", "сохранены", "kept"):
        assert word in page


@pytest.mark.parametrize("name", [*SHEETS, *SCRIPTS, "overload.html", "mark.svg"])
def test_no_file_asks_another_host(name):
    text = (BUILT / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text) == []
    assert "@import" not in text
    assert re.findall(r"url\((?!data:)[^)]*\)", text) == []


def test_nothing_of_the_british_government_is_left():
    css = (BUILT / "app.css").read_text(encoding="utf-8").lower()
    for name in ("gds transport", "crown", "crest", "@font-face"):
        assert name not in css


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_es2018(name):
    """What the oldest supported browsers cannot parse would take the whole script from them."""
    code = re.sub(r'"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`', '""', (BUILT / name).read_text(encoding="utf-8"))
    assert re.findall(r"\?\.(?!\d)|\?\?|\|\|=|&&=|catch\{", code) == []


def test_the_lock_file_names_no_registry():
    packages = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, entry in packages.items() if "resolved" in entry] == []


def test_licences_of_taken_code_are_kept():
    text = (ROOT / "THIRD_PARTY_LICENSES").read_text(encoding="utf-8")
    for name in (
        "govuk-frontend",
        "Crown Copyright (Government Digital Service)",
        "axe-core",
        "Mozilla Public License",
    ):
        assert name in text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_have_no_inline_code(template):
    """The content security policy would block it, and only in the browser."""
    html = re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", template.read_text(encoding="utf-8"), flags=re.S)
    assert not re.search(r"<style|\sstyle\s*=|javascript:", html)
    assert not re.search(r"<[^>]*\son[a-z]+\s*=\s*[\"']", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)
    assert re.findall(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//[^\"'{ ]+", html) == []


def test_every_class_of_ours_in_a_template_has_a_rule():
    """A typo in a class name shows nowhere but on the page."""
    sheets = "".join((BUILT / name).read_text(encoding="utf-8") for name in ("app.css", "mirror.css"))
    known = set(re.findall(r"\.(app-[a-z0-9_-]+)", sheets))
    used = set()
    for template in TEMPLATES:
        for value in re.findall(r'class="([^"]*)"', template.read_text(encoding="utf-8")):
            plain = re.sub(r"\S*{[{%].*?[%}]}\S*", " ", value)
            used |= {name for name in plain.split() if name.startswith("app-")}
    assert used - known - {"app-header"} == set()
