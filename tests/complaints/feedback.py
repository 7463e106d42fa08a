"""Occasions and marks for the tests of feedback."""

import re
from datetime import date, timedelta

from complaints.feedback import giving
from complaints.feedback.giving import Said
from complaints.feedback.models import Occasion
from marketplace.models import Region
from tests.complaints.factories import at, make_person, office, region

NOON = at("2026-11-23 12:00")


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def make_occasion(person, *, supplier=None, event="order:1", happened="2026-11-16", **more):
    return Occasion.objects.create(
        event=event,
        person=person,
        supplier=supplier,
        office=None if supplier else office(),
        region=more.pop("place", region()),
        happened_on=date.fromisoformat(happened),
        invite_on=date.fromisoformat(happened) + timedelta(days=7),
        **more,
    )


def give(supplier, mark, *, event, channel="sms_link", place="KZ-79", text="", now=None):
    about = giving.About(event, supplier=supplier, region_id=place)
    return giving.register(about, channel, Said(mark, {}, text), actor=None, now=now or NOON)


def people_of_two_regions(supplier):
    abai, shymkent = Region.objects.get(pk="KZ-10"), region()
    made = []
    for number in range(12):
        person = make_person(f"p{number}", phone=f"+7700000{number:04d}")
        place = shymkent if number < 9 else abai
        made.append(make_occasion(person, supplier=supplier, event=f"order:{number}", place=place))
    return made
