"""What the market's own data may say of suppliers that act together (rule ``market.signals``).

Compared are independent suppliers only: companies of one declared group may do all this openly. Where more than
``most_together`` do the same there is another cause, such as a fixed tariff or the morning's price lists.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import types
from marketplace import formats, rules
from suppliers.market import independent_group
from suppliers.models import Partner, StockRecord
from suppliers.strategy import purchasable
from suppliers.watch.signals import Finding, Kind, source

RULE = "market.signals"
PHONE_DIGITS = 10

SAME_PRICE = """
WITH offer (id, product, title, price, pack, code, owner, made) AS ({offers}),
equal AS (
    SELECT product, price, pack FROM offer GROUP BY product, price, pack
    HAVING count(DISTINCT owner) BETWEEN 2 AND %s),
held AS (
    SELECT offer.*, greatest(made, (
        SELECT max(at) FROM marketplace_event
        WHERE subject = 'offer:' || offer.id AND kind = 'offer.updated'
            AND data #>> '{{before,price}}' <> data #>> '{{after,price}}')) AS since
    FROM offer JOIN equal USING (product, price, pack))
SELECT one.code, other.code, one.title, one.price, greatest(one.since, other.since)
FROM held AS one JOIN held AS other USING (product, price, pack)
WHERE one.code < other.code AND one.owner <> other.owner AND greatest(one.since, other.since) <= %s
ORDER BY one.code, other.code, one.title
"""
SAME_MINUTE = """
WITH offer (id, kind, code, owner) AS ({offers}),
step AS (
    SELECT DISTINCT offer.kind, date_trunc('minute', event.at) AS minute, code, owner
    FROM marketplace_event AS event JOIN offer ON event.subject = 'offer:' || offer.id
    WHERE event.kind = 'offer.updated' AND event.at >= %s
        AND event.data #>> '{{before,price}}' <> event.data #>> '{{after,price}}'),
crowd AS (SELECT kind, minute FROM step GROUP BY kind, minute HAVING count(DISTINCT owner) BETWEEN 2 AND %s)
SELECT one.code, other.code, kind, minute
FROM step AS one JOIN step AS other USING (kind, minute) JOIN crowd USING (kind, minute)
WHERE one.code < other.code AND one.owner <> other.owner
ORDER BY one.code, other.code, minute
"""


def _same_price_line(row: dict[str, Any]) -> str:
    facts = {"product": row["product"], "price": formats.money(row["price"]), "day": _day(row["since"])}
    return _("%(product)s: %(price)s with both since %(day)s") % facts


def _same_minute_line(row: dict[str, Any]) -> str:
    kind = types.book().by_id.get(row["type"])
    facts = {"kind": kind.name if kind else "", "at": formats.datetime_short(_moment(row["at"]))}
    return _("%(at)s: both changed prices of “%(kind)s”") % facts


CONTACTS = {
    "phone": gettext_lazy("The same phone: %(value)s"),
    "email": gettext_lazy("The same e-mail: %(value)s"),
    "address": gettext_lazy("The same address: %(value)s"),
    "account": gettext_lazy("One account works for both"),
}


@source(
    same_price=Kind(
        gettext_lazy("The same prices to the tenge"),
        gettext_lazy("Independent suppliers seldom keep exactly the same prices of several products for long."),
        _same_price_line,
    )
)
def same_prices() -> Iterator[Finding]:
    """Two suppliers with the same price of the same pack of several products, for so many days."""
    rule = rules.get(RULE).value
    offers = (
        purchasable()
        .annotate(owner=independent_group(), title=F("product__title"), code=F("partner__code"))
        .order_by()
        .values_list("pk", "product", "title", "price", "pack_size", "code", "owner", "date_created")
    )
    until = timezone.now() - timedelta(days=rule["same_price_days"])
    pairs: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one, other, title, price, since in _rows(SAME_PRICE, offers, [rule["most_together"], until]):
        pairs[one, other].append({"product": title, "price": f"{price:.2f}", "since": since.isoformat()})
    for pair, rows in pairs.items():
        if len(rows) >= rule["same_prices"]:
            yield Finding("same_price", pair, len(rows), rows)


@source(
    same_minute=Kind(
        gettext_lazy("Prices changed in the same minute"),
        gettext_lazy("Independent suppliers seldom change prices of one kind in the same minute, again and again."),
        _same_minute_line,
    )
)
def same_minutes() -> Iterator[Finding]:
    """Two suppliers that changed prices of one kind in the same minute, on so many occasions."""
    rule = rules.get(RULE).value
    offers = (
        StockRecord.objects.annotate(
            owner=independent_group(), code=F("partner__code"), kind=F("product__product_class")
        )
        .order_by()
        .values_list("pk", "kind", "code", "owner")
    )
    since = timezone.now() - timedelta(days=rule["days"])
    pairs: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one, other, kind, minute in _rows(SAME_MINUTE, offers, [since, rule["most_together"]]):
        pairs[one, other].append({"type": kind, "at": minute.isoformat()})
    for pair, rows in pairs.items():
        occasions = len({row["at"] for row in rows})
        if occasions >= rule["same_minutes"]:
            yield Finding("same_minute", pair, occasions, rows)


@source(
    shared_contact=Kind(
        gettext_lazy("The same phone, e-mail, address or account"),
        gettext_lazy("Suppliers that share their contacts may belong together without having said so."),
        lambda row: str(CONTACTS[row["what"]]) % {"value": row.get("value", "")},
    )
)
def shared_contacts() -> Iterator[Finding]:
    """Two suppliers of different groups with the same contact."""
    most = rules.get(RULE).value["most_together"]
    rows = Partner.objects.order_by("code")
    holders: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    shown: dict[tuple[str, str], str] = {}
    for partner in rows.only("code", "bin", "group_bin", "phone", "email", "address").prefetch_related("users"):
        owner = partner.group_bin or partner.bin or partner.code
        for what, value, text in _contacts(partner):
            holders[what, value].append((partner.code, owner))
            shown[what, value] = text
    pairs: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for (what, value), who in holders.items():
        if 2 <= len({owner for _code, owner in who}) <= most:
            for (one, own), (other, others) in combinations(who, 2):
                if own != others:
                    pairs[one, other].append({"what": what, "value": shown[what, value]})
    for pair, evidence in pairs.items():
        yield Finding("shared_contact", pair, len(evidence), evidence)


def _contacts(partner: Partner) -> Iterable[tuple[str, str, str]]:
    """(what, the value as it is compared, as it is shown)."""
    digits = "".join(sign for sign in partner.phone if sign.isdigit())
    if len(digits) >= PHONE_DIGITS:
        yield "phone", digits[-PHONE_DIGITS:], partner.phone
    if partner.email:
        yield "email", partner.email.casefold(), partner.email
    address = " ".join("".join(sign if sign.isalnum() else " " for sign in partner.address.casefold()).split())
    if address:
        yield "address", address, partner.address
    for user in partner.users.all():
        yield "account", str(user.pk), ""


def owners() -> dict[str, str]:
    """Supplier's code → what counts as one independent supplier."""
    rows = Partner.objects.order_by("pk").values_list("code", "group_bin", "bin")
    return {code: group or own or code for code, group, own in rows}


def _rows(sql: str, offers: Any, params: list[Any]) -> list[tuple[Any, ...]]:
    inner, first = offers.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(sql.format(offers=inner), [*first, *params])
        return list(cursor.fetchall())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _day(text: str) -> str:
    return formats.date_long(_moment(text))
