"""Tell Telegram where to bring what people write to the bot, or that it may stop."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from marketplace import telegram


class Command(BaseCommand):
    help = "Register the portal's address with Telegram (after setting TELEGRAM_TOKEN and TELEGRAM_SECRET)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--off", action="store_true", help="take the address back")

    def handle(self, *args: Any, **options: Any) -> None:
        bot = telegram.api()
        if bot is None or not settings.TELEGRAM_SECRET:
            raise CommandError("set TELEGRAM_TOKEN and TELEGRAM_SECRET first")
        address = f"{settings.PORTAL_URL}{reverse('telegram_webhook')}"
        try:
            if options["off"]:
                bot.call("deleteWebhook", {})
            else:
                wanted = {"url": address, "secret_token": settings.TELEGRAM_SECRET, "allowed_updates": ["message"]}
                bot.call("setWebhook", wanted)
        except (telegram.Away, telegram.Refused) as error:
            raise CommandError(f"Telegram said {error}") from None
        self.stdout.write("taken back" if options["off"] else address)
