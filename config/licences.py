"""`python -m config.licences`: what the portal is made of may be passed on with it.

Looks at every package that a running portal needs (not the developers' own tools), as uv.lock has it, and
refuses licences that would bind the whole portal. Packages used as libraries under the LGPL are fine.
"""

import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parent.parent
REFUSED = re.compile(r"\b(AGPL|SSPL|BUSL|GPL|GNU (Affero )?General Public|Commons Clause|Proprietary)", re.IGNORECASE)
LESSER = re.compile(r"LGPL|Lesser General Public", re.IGNORECASE)


def runtime_packages() -> set[str]:
    """Names of the packages that the portal needs, with all that they need in turn."""
    lock = tomllib.loads((BASE_DIR / "uv.lock").read_text(encoding="utf-8"))
    packages = {package["name"]: package for package in lock["package"]}
    wanted, waiting = set(), ["tirek"]
    while waiting:
        package = packages[waiting.pop()]
        needs = list(package.get("dependencies", []))
        for group in package.get("optional-dependencies", {}).values():
            needs += group
        for need in needs:
            if need["name"] not in wanted:
                wanted.add(need["name"])
                waiting.append(need["name"])
    return wanted


def licences_of(name: str) -> list[str]:
    """What a package says of its licence: any one of several may be chosen. Empty when it says nothing."""
    try:
        metadata: Any = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return ["not installed on this platform"]
    stated = metadata.get("License-Expression") or (metadata.get("License") or "").strip()[:200]
    classifiers = [text for text in metadata.get_all("Classifier", []) if text.startswith("License ::")]
    return classifiers or [stated] * bool(stated)


def main() -> int:
    refused = []
    for name in sorted(runtime_packages()):
        licences = licences_of(name)
        if all(REFUSED.search(LESSER.sub("", licence)) for licence in licences):
            refused.append(f"{name}: {' or '.join(licences) or 'names no licence'}")
    print("\n".join(refused) or "Licences: nothing that would bind the portal.")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
