"""The Nu HTML checker over many saved pages in one call: starting Java costs more than the checking."""

import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

JAR = Path(__file__).resolve().parents[2] / "marketplace/frontend/node_modules/vnu-jar/build/dist/vnu.jar"


def missing() -> str:
    """Why pages cannot be checked on this machine; empty when they can."""
    if shutil.which("java") is None:
        return "the HTML checker needs Java 11 or newer on PATH"
    if not JAR.exists():
        return "the HTML checker is not installed: npm ci in marketplace/frontend brings it"
    return ""


def html_errors(pages: Iterable[tuple[str, str]], folder: Path) -> list[str]:
    """Errors of (name, html) pairs, each with its page, line and the words around it."""
    names = {}
    for number, (name, html) in enumerate(pages):
        file = folder / f"{number:04}.html"
        file.write_text(html, encoding="utf-8")
        names[file.name] = name
    done = subprocess.run(
        [
            "java",
            "-Xss1m",
            "-jar",
            str(JAR),
            "--errors-only",
            "--exit-zero-always",
            "--format",
            "json",
            str(folder),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return [
        f"{names[Path(urlsplit(error['url']).path).name]}, line {error.get('lastLine')}: {error['message']}"
        f" … {error.get('extract', '').strip()[:160]}"
        for error in json.loads(done.stderr)["messages"]
    ]
