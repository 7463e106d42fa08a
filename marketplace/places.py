"""Regions and their social offices, for everybody to see."""

from dataclasses import dataclass
from typing import Any

from marketplace.models import Office, Region


@dataclass(frozen=True)
class RegionOffices:
    region: Region
    offices: list[Office]

    @property
    def anchor(self) -> str:
        """The id of the region's part of the page."""
        return f"region-{self.region.slug}"


def regions_with_offices() -> list[RegionOffices]:
    """All regions in their order, each with its offices; two queries."""
    offices: dict[str, list[Office]] = {}
    for office in Office.objects.order_by("code"):
        offices.setdefault(office.region_id, []).append(office)
    return [RegionOffices(region, offices.get(region.pk, [])) for region in Region.objects.all()]


def tile(region: Region, value: Any, level: int, url: str = "") -> dict[str, Any]:
    """An item of the tile map (components/tile_map.html); ``level`` is from 0 to 4."""
    return {
        "short": region.short,
        "name": region.name,
        "value": value,
        "level": level,
        "column": region.tile_column,
        "row": region.tile_row,
        "url": url,
    }


def tiles(regions: list[RegionOffices]) -> list[dict[str, Any]]:
    """How many offices a region has, with the way to its addresses."""
    most = max((len(item.offices) for item in regions), default=0)
    return [
        tile(
            item.region,
            len(item.offices),
            round(4 * len(item.offices) / most) if most else 0,
            f"#{item.anchor}" if item.offices else "",
        )
        for item in regions
    ]
