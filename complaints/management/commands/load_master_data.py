"""`manage.py load_master_data`: regions, offices, authorities, rules, product types, complaint forms, routing."""

from typing import Any

from django.core.management.base import BaseCommand

from complaints import master_data


class Command(BaseCommand):
    help = "Load the master data of the data files. A second run changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        master_data.load()
