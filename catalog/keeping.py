"""What the catalogue forgets of people, by the rules ``retention.…`` (marketplace/keeping.py)."""

from datetime import datetime

from catalog.models import MeasuredValue
from marketplace.keeping import batch_of, ids, kind


@kind("retention.measure_days", "catalogue.MeasuredValue")
def _measures(before: datetime) -> int:
    """Who had which sizes when: of use while somebody may ask why something did not fit. What holds now stays."""
    found = batch_of(MeasuredValue.objects.filter(at__lt=before))
    return MeasuredValue.objects.filter(pk__in=ids(found)).delete()[0]
