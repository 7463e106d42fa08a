"""What orders may say of suppliers that act together: turns, acceptance within minutes, the supplier's own phone."""

from datetime import UTC, datetime, timedelta

import pytest

from marketplace import crypto
from marketplace.models import PersonRecord
from orders import collusion
from orders.models import Act, Delivery, Order
from suppliers.models import Partner

NOON = datetime(2026, 11, 20, 7, tzinfo=UTC)


def run_of(letters):
    won = [(letter.lower(), letter.upper(), NOON + timedelta(days=day), str(day)) for day, letter in enumerate(letters)]
    return "".join(row[0] for row in collusion.longest_run(won))


@pytest.mark.parametrize(
    ("won", "run"),
    [
        ("", ""),
        ("aba", ""),
        ("abab", "abab"),
        ("aabab", "abab"),
        ("cabababc", "ababab"),
        ("abcabc", ""),
        ("abacacac", "acacac"),
        ("aaaa", ""),
        ("ababcdcdcdc", "cdcdcdc"),
    ],
)
def test_the_longest_run_of_strict_turns(won, run):
    assert run_of(won) == run


def orders_of(family, count):
    """Copies of one order, a day after the other, by turns of two suppliers."""
    first = family.order()
    line = first.lines.get()
    made = [first]
    for number in range(1, count):
        copy = Order.objects.get(pk=first.pk)
        copy.pk, copy.number, copy.previous = None, f"90000000{number:02d}", made[-1]
        copy.partner = (family.jarqyn, family.altyn)[number % 2]
        copy.save(force_insert=True)
        Order.objects.filter(pk=copy.pk).update(date_placed=first.date_placed + timedelta(hours=number))
        own = type(line).objects.get(pk=line.pk)
        own.pk, own.order, own.tranche = None, copy, None
        own.save(force_insert=True)
        made.append(copy)
    return made


@pytest.mark.django_db(transaction=True)
def test_orders_of_one_kind_and_region_by_strict_turns(family):
    made = orders_of(family, 6)
    (finding,) = collusion.turns()
    assert (finding.parties, finding.strength, finding.region) == (("altyn-qol", "jarqyn-med"), 6, "KZ-63")
    assert finding.evidence[0]["number"] == made[0].number
    Order.objects.filter(pk=made[3].pk).update(status="declined")
    assert list(collusion.turns()) == []
    Order.objects.filter(pk=made[3].pk).update(status="sent")
    Partner.objects.filter(code__in=["altyn-qol", "jarqyn-med"]).update(group_bin="131340007006")
    assert list(collusion.turns()) == []


@pytest.mark.django_db(transaction=True)
def test_many_acceptances_within_minutes(family):
    made = orders_of(family, 10)
    for order in made[::2]:
        Delivery.objects.create(order=order, attempt=1, outcome="delivered", at=NOON, by=family.yerlan)
        Act.objects.create(
            order=order, number=f"A-{order.number}", snapshot={}, digest="0" * 64,
            person_signed_at=NOON + timedelta(seconds=40), person_signed_by=family.aigul,
        )  # fmt: skip
    (finding,) = collusion.quick_acceptances()
    assert (finding.parties, finding.strength, finding.evidence[0]["seconds"]) == (("jarqyn-med",), 5, 40)
    Act.objects.filter(order=made[0]).update(person_signed_at=NOON + timedelta(minutes=6))
    assert list(collusion.quick_acceptances()) == []


@pytest.mark.django_db(transaction=True)
def test_orders_with_the_suppliers_own_phone(family):
    order = family.order()
    assert list(collusion.recipients_phones()) == []
    Partner.objects.filter(pk=family.jarqyn.pk).update(phone="8 (700) 000-00-11")
    (finding,) = collusion.recipients_phones()
    assert (finding.parties, finding.evidence) == (("jarqyn-med",), [{"number": order.number}])


def test_an_entrepreneur_who_sells_to_herself(family):
    order, other = family.order(), family.order(1)
    family.jarqyn.bin = None
    family.jarqyn.put_iin("841317301336")
    family.jarqyn.save()
    record, _made = PersonRecord.objects.get_or_create(user=family.aigul)
    for number, found in (("921308401469", []), ("841317301336", [order.number, other.number])):
        PersonRecord.objects.filter(pk=record.pk).update(iin_index=crypto.blind_index(number))
        findings = list(collusion.own_recipients())
        assert [row["number"] for finding in findings for row in finding.evidence] == found
        assert "841317301336" not in str(findings)
