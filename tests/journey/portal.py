"""One running portal for all black-box tests: real processes, demo data, no shortcuts."""

import json
from pathlib import Path

from perf.portal import RunningPortal

FAMILY = (Path(__file__).parent / "family.py").read_text(encoding="utf-8")


class JourneyPortal(RunningPortal):
    def family(self, name: str) -> dict[str, str]:
        """A guardian like the demo's mother with a child of her own, so that tests share no norms."""
        return json.loads(
            self.manage("shell", "--no-imports", "-c", f"NAME = {name!r}\n{FAMILY}").strip().splitlines()[-1]
        )
