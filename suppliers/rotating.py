"""Numbers of individual entrepreneurs, when keys are changed (marketplace/rotation.py)."""

from marketplace import rotation
from suppliers.models import Partner
from suppliers.onboarding.models import Application

rotation.register(
    "suppliers",
    lambda: Partner.objects.exclude(iin_encrypted=None),
    lambda partner: rotation.number_of(partner, partner.bound_to),
)
rotation.register(
    "applications of suppliers",
    lambda: Application.objects.exclude(iin_encrypted=None),
    lambda application: rotation.number_of(application, application.bound_to),
)
