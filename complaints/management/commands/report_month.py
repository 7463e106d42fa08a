"""The monthly report of complaints for a region, rebuilt from events and stored."""

import sys
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from complaints import report_files, reports
from marketplace import regions
from marketplace.models import Region


class Command(BaseCommand):
    help = "Rebuild, check and print the monthly report. A report that does not add up is refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--region", help="code or short name, for example KZ-79; the whole country without it")
        parser.add_argument("--month", required=True, help="for example 2026-11")
        parser.add_argument("--format", choices=["html", "csv", "pdf"], default="html")
        parser.add_argument("--language", choices=["kk", "ru", "en"], default="kk")
        parser.add_argument("--output", help="a file; standard output by default")

    def handle(self, *args: Any, **options: Any) -> None:
        period, region = _period(options["month"]), _region(options["region"])
        try:
            report = reports.build(period=period, region=region)
        except reports.DoesNotAddUp as error:
            raise CommandError(str(error)) from None
        with translation.override(options["language"]):
            content = report_files.render(report, options["format"])
        if options["output"]:
            Path(options["output"]).write_bytes(content)
        else:
            sys.stdout.buffer.write(content)


def _period(text: str) -> reports.Period:
    try:
        return reports.Period.month(date.fromisoformat(f"{text}-01"))
    except ValueError:
        raise CommandError("give --month as 2026-11") from None


def _region(text: str | None) -> Region | None:
    if not text:
        return None
    found = regions.find(text)
    if found is None:
        raise CommandError(f"there is no region {text}")
    return Region.objects.get(pk=found.code)
