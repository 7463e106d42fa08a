"""The quick question whether somebody acts for a person has the answer of the list of people."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from marketplace import access
from marketplace.models import Role, User
from tests import factories as make

pytestmark = pytest.mark.django_db


def agrees(actor: User, person: User) -> bool:
    """The one answer of both. Fails when they differ."""
    quick = access.acts_for(actor, person.pk)
    assert quick == access.people_of(actor).filter(pk=person.pk).exists()
    return quick


@pytest.mark.parametrize(("ends_in_days", "acts"), [(None, True), (30, True), (0, True), (-1, False)])
def test_a_guardian_acts_for_a_ward_while_the_guardianship_runs(ends_in_days: int | None, acts: bool):
    ends: date | None = None if ends_in_days is None else timezone.localdate() + timedelta(days=ends_in_days)
    ward, stranger = make.make_person("ward"), make.make_person("stranger")
    guardian = make.make_guardian(wards=[ward], valid_to=ends)
    assert agrees(guardian, ward) is acts
    assert not agrees(guardian, stranger) and not agrees(guardian, guardian)
    guardian.is_active = False
    assert not agrees(guardian, ward)


def test_a_ward_without_a_record_is_nobody_to_act_for():
    ward = make.make_user("ward", Role.BENEFICIARY)
    assert not agrees(make.make_guardian(wards=[ward]), ward)


def test_others_act_for_themselves_or_for_their_office():
    person, other = make.make_person("person"), make.make_person("other", office="shymkent")
    assert agrees(person, person) and not agrees(person, other)
    caseworker = make.make_caseworker()
    assert agrees(caseworker, person) and not agrees(caseworker, other)
