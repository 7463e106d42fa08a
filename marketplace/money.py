"""Amounts in answers: text with two decimals and the currency, so that no program rounds them."""

from decimal import Decimal

from django.conf import settings
from ninja import Schema


class Money(Schema):
    amount: str
    currency: str = "KZT"


def money(amount: Decimal | int) -> dict[str, str]:
    """``{"amount": "305374.72", "currency": "KZT"}``"""
    return {"amount": f"{Decimal(amount):.2f}", "currency": settings.OSCAR_DEFAULT_CURRENCY}
