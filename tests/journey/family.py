# Run inside `manage.py shell`: copies the demo's mother, her child and the child's entitlements under each of NAMES.
import json

from django.utils import timezone

from marketplace.models import Guardianship, PersonRecord, User
from orders.models import Entitlement, Tranche

mother = User.objects.get(username="parent")
child = mother.wards.select_related("ward__record").get().ward
today = timezone.localdate()


def copied(person: User, username: str) -> User:
    return User.objects.create(
        username=username,
        password=person.password,
        role=person.role,
        full_name=person.full_name,
        phone=person.phone,
        language=person.language,
        region=person.region,
        office=person.office,
    )


def family(name: str) -> dict[str, str]:
    guardian, ward = copied(mother, name), copied(child, f"{name}-child")
    PersonRecord.objects.create(
        user=ward, birth_date=child.record.birth_date, address=child.record.address, measures=child.record.measures
    )
    Guardianship.objects.create(guardian=guardian, ward=ward, basis="birth certificate")
    for entitlement in Entitlement.objects.filter(beneficiary=child, status="active"):
        tranches = list(entitlement.tranches.all())
        entitlement.pk, entitlement.beneficiary, entitlement.source = None, ward, f"{entitlement.source}-{name}"
        entitlement.save()
        for tranche in tranches:
            tranche.pk, tranche.entitlement = None, entitlement
            tranche.reserved_quantity = tranche.consumed_quantity = 0
            tranche.reserved_sum = tranche.consumed_sum = 0
            tranche.save()
    assert Tranche.objects.filter(entitlement__beneficiary=ward, opens_on__lte=today).exists()
    return {"guardian": guardian.username, "ward": ward.pk}


print(json.dumps({name: family(name) for name in NAMES}))  # noqa: F821, T201
