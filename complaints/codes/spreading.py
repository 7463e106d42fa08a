"""Roll-out of the codes: who has printed one, whose was scanned, by region. Counts only, nobody's trace."""

import csv
import io
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints.codes.models import PrintedCode
from complaints.codes.subjects import Subject
from marketplace.models import Office, Region
from suppliers import qr
from suppliers.models import Partner

PRINTED, SCANNED = "printed", "scanned"


@dataclass(frozen=True)
class Share:
    """One region: how many offices and suppliers it has, how many of them have printed and been scanned."""

    region: Region
    total: int
    printed: int
    scanned: int
    reached: int

    @property
    def percent(self) -> int:
        """Share of those that printed a sheet or were scanned at least once; 0 where nobody is."""
        return round(100 * self.reached / self.total) if self.total else 0


def count(subject: Subject, what: str) -> None:
    """One more print or scan of a code, in one statement after the first."""
    today: date = timezone.localdate()
    changes = {what: F(what) + 1, f"{what}_on": Coalesce(F(f"{what}_on"), today)}
    rows = PrintedCode.objects.filter(kind=subject.kind, number=subject.number)
    if not rows.update(**changes):
        PrintedCode.objects.get_or_create(
            kind=subject.kind, number=subject.number, defaults={"region_id": subject.region_id}
        )
        rows.update(**changes)


def by_region() -> list[Share]:
    """Every region in its order. Six queries."""
    offices = _numbers(Office.objects.order_by().values_list("region_id").annotate(count=Count("pk")))
    shops = Partner.objects.filter(status=Partner.Status.APPROVED, home_region__isnull=False)
    suppliers = _numbers(shops.order_by().values_list("home_region_id").annotate(count=Count("pk")))
    walls = PrintedCode.objects.filter(kind=qr.OFFICE) | PrintedCode.objects.filter(
        kind=qr.SUPPLIER, number__in=shops.values("pk")
    )
    codes = walls.values("region_id").order_by()
    printed = _numbers(codes.filter(printed__gt=0).annotate(count=Count("pk")).values_list("region_id", "count"))
    scanned = _numbers(codes.filter(scanned__gt=0).annotate(count=Count("pk")).values_list("region_id", "count"))
    reached = _numbers(codes.annotate(count=Count("pk")).values_list("region_id", "count"))
    return [
        Share(
            region=region,
            total=offices.get(region.pk, 0) + suppliers.get(region.pk, 0),
            printed=printed.get(region.pk, 0),
            scanned=scanned.get(region.pk, 0),
            reached=reached.get(region.pk, 0),
        )
        for region in Region.objects.all()
    ]


def as_csv(shares: list[Share]) -> bytes:
    """The same table as a file."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([_("Region"), _("Offices and suppliers"), _("Printed"), _("Scanned"), _("Share, per cent")])
    for share in shares:
        writer.writerow([share.region.name, share.total, share.printed, share.scanned, share.percent])
    return file.getvalue().encode("utf-8-sig")


def _numbers(rows: object) -> dict[str, int]:
    return dict(rows)  # type: ignore[call-overload]
