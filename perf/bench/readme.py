"""Tables between markers in perf/README.md: only a script writes them."""

import re
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def write(name: str, text: str, readme: Path = README) -> None:
    """Replace what stands between ``<!-- bench:NAME -->`` and ``<!-- /bench:NAME -->``. Raises ValueError without them."""
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    whole = readme.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(whole):
        raise ValueError(f"{readme.name} has no {begin}")
    readme.write_text(pattern.sub(lambda _match: f"{begin}\n\n{text}\n\n{end}", whole), encoding="utf-8")
