"""`manage.py seed_scale --products N --offers K --orders N --complaints N --seed S`: volume for measurements."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Add deterministic volume on top of the demo's master data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--products", type=int, default=0)
        parser.add_argument("--offers", type=int, default=5, help="offers per product")
        parser.add_argument("--people", type=int, default=0, help="with a programme, if orders need fewer")
        parser.add_argument("--orders", type=int, default=0)
        parser.add_argument("--complaints", type=int, default=0)
        parser.add_argument("--seed", type=int, default=1)

    def handle(
        self,
        *args: Any,
        products: int,
        offers: int,
        people: int,
        orders: int,
        complaints: int,
        seed: int,
        **options: Any,
    ) -> None:
        # Measurements bring their own code; the portal runs without it.
        from perf import goods
        from perf.seed import Volume, seed_complaints, seed_people_and_orders

        volume = Volume(orders=orders, beneficiaries=people, complaints=complaints, seed=seed)
        begun = time.monotonic()
        if products:
            goods.seed_products(products, offers, seed, self.stdout.write)
        if orders or people:
            seed_people_and_orders(volume)
        if complaints:
            seed_complaints(volume)
        self.stdout.write(
            f"{products} products, {orders} orders, {complaints} complaints in {time.monotonic() - begun:.1f} s"
        )
