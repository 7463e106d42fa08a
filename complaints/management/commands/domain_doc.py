"""`manage.py domain_doc [--check]`: the state diagrams of docs/domain.md, drawn from the tables of steps."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from complaints.states import COMPLAINT
from marketplace.machine import Machine
from orders.states import ORDER
from suppliers.states import APPLICATION, LISTING, RECALL, SUPPLIER

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "domain.md"


def diagram(machine: Machine) -> str:
    """A Mermaid state diagram and the table of steps."""
    arrows = [
        f"    {source} --> {step.target}: {step.action}"
        for step in machine.steps
        for source in dict.fromkeys(step.sources)
    ]
    rows = [
        f"| `{step.action}` | {', '.join(step.sources)} | {step.target} | {', '.join(step.parties)} |"
        for step in machine.steps
    ]
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            *dict.fromkeys(arrows),
            "```",
            "",
            "| step | from | to | who |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def with_diagrams(text: str) -> str:
    """The document with the parts between its markers drawn anew."""
    for machine in (ORDER, COMPLAINT, APPLICATION, LISTING, SUPPLIER, RECALL):
        start, end = f"<!-- {machine.name} -->", f"<!-- /{machine.name} -->"
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(end)
        text = f"{before}{start}\n{diagram(machine)}\n{end}{after}"
    return text


class Command(BaseCommand):
    help = "Draw the state machines into docs/domain.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail when the document is out of date")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        with translation.override("en"):
            current = DOCUMENT.read_text(encoding="utf-8")
            drawn = with_diagrams(current)
        if check and drawn != current:
            raise CommandError("docs/domain.md is out of date: run manage.py domain_doc")
        DOCUMENT.write_text(drawn, encoding="utf-8")
