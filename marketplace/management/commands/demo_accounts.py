"""`manage.py demo_accounts`: who can sign in to the demonstration."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import translation

from marketplace.demo import ACCOUNTS, PASSWORD


class Command(BaseCommand):
    help = "List the demo accounts with their password."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        width = max(map(len, ACCOUNTS))
        self.stdout.write(f"Demo accounts, password {PASSWORD}:")
        with translation.override("en"):
            for name, who in ACCOUNTS.items():
                self.stdout.write(f"  {name:<{width}}  {who}")
