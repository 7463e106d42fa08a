"""Who speaks for a person: news go to her guardian where there is one."""

from django.db.models import Q
from django.utils import timezone

from marketplace.models import Guardianship, User


def who_acts_for(person: User, preferred: int | None = None) -> User:
    """The preferred guardian while the guardianship runs, else another guardian, else the person herself."""
    running = Q(valid_to=None) | Q(valid_to__gte=timezone.localdate())
    rows = Guardianship.objects.filter(running, ward=person).select_related("guardian").order_by("pk")
    guardians = [row.guardian for row in rows]
    return next((guardian for guardian in guardians if guardian.pk == preferred), (guardians or [person])[0])
