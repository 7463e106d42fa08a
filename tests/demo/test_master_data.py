"""An installation without the demo starts from its master data, and loading it again changes nothing."""

import pytest
from django.core.management import call_command

from catalog.models import ProductClass
from complaints.models import ComplaintTemplate
from marketplace import rules
from marketplace.models import Region, Rule, User

pytestmark = pytest.mark.django_db


def test_it_loads_places_rules_types_and_forms_but_no_people():
    call_command("load_master_data")
    assert (Region.objects.count(), User.objects.count()) == (20, 0)
    assert ProductClass.objects.filter(code="child-diapers", iso_code="09 30").exists()
    assert ComplaintTemplate.objects.filter(code="T1").exists()
    assert rules.get("complaint.seller_answer_days").value["days"] == 10


def test_a_second_run_keeps_what_the_ministry_changed():
    call_command("load_master_data")
    Rule.objects.filter(code="complaint.seller_answer_days").update(value={"days": 7, "kind": "calendar"})
    count = Rule.objects.count()
    call_command("load_master_data")
    assert (Rule.objects.count(), rules.get("complaint.seller_answer_days").value["days"]) == (count, 7)
