"""One running portal for all black-box tests: real processes, demo data, no shortcuts."""

import json
from pathlib import Path

from perf.portal import RunningPortal

FAMILY = (Path(__file__).parent / "family.py").read_text(encoding="utf-8")


class JourneyPortal(RunningPortal):
    def families(self, *names: str) -> dict[str, dict[str, str]]:
        """Guardians like the demo's mother, each with a child of her own, so that tests share no norms."""
        made = self.manage("shell", "--no-imports", "-c", f"NAMES = {names!r}\n{FAMILY}")
        return json.loads(made.strip().splitlines()[-1])

    def family(self, name: str) -> dict[str, str]:
        """One of ``families``."""
        return self.families(name)[name]
