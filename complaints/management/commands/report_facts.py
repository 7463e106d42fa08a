"""`manage.py report_facts [--rebuild | --check 2026-11]`: the stored facts of the reports follow the event log."""

import time
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from complaints import reports
from complaints.reporting import facts, recount
from marketplace import periodic
from marketplace.models import Region


class Command(BaseCommand):
    help = "Bring the newest events into the facts; or rewrite all facts; or compare a month with the bare events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--rebuild", action="store_true", help="rewrite the facts of every case")
        what.add_argument("--check", metavar="MONTH", help="for example 2026-11: do facts and events agree?")

    def handle(self, *args: Any, rebuild: bool, check: str | None, **options: Any) -> None:
        begun = time.monotonic()
        if check:
            self._check(check)
            return
        if rebuild:
            cases = facts.rebuild(lambda done, total: self.stdout.write(f"{done} of {total}"))
            self.stdout.write(f"{cases} cases in {time.monotonic() - begun:.1f} s")
        with periodic.job("report_facts") as run:
            run.count = facts.catch_up()
        self.stdout.write(f"{run.count} events in {time.monotonic() - begun:.1f} s")

    def _check(self, month: str) -> None:
        """Every region and the whole country, from the facts and from the events, in one state of the database."""
        try:
            period = reports.Period.month(date.fromisoformat(f"{month}-01"))
        except ValueError:
            raise CommandError("give the month as 2026-11") from None
        problems = []
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET LOCAL statement_timeout = '5min'")
            for region in [None, *Region.objects.all()]:
                found, counted = reports.facts(period, region), recount.recount(period, region)
                differing = [name for name, value in counted.items() if found[name] != value]
                problems += [
                    f"{region.pk if region else 'KZ'} {name}: facts {found[name]}, events {counted[name]}"
                    for name in differing
                ]
        if problems:
            raise CommandError("Facts and events differ: " + "; ".join(problems))
        self.stdout.write(f"{month}: facts and events agree in every region.")
