"""What people lack, for programs: own needs, and the counts for suppliers and the ministry."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from catalog import types
from catalog.search.query import region_of
from marketplace.api import Problem, paged
from suppliers.demand import needs, radar, reading
from suppliers.demand.models import UnmetNeed

router = Router(tags=["demand"])


class NeedIn(Schema):
    """``type``: code of the product type; ``region``: ISO 3166-2; ``beneficiary``: id, the actor's own when missing."""

    type: str
    region: str
    beneficiary: int | None = None


class NeedOut(Schema):
    """``sizes``: measure → [from, to) in the measure's unit; ``outcome``: empty, withdrawn, met."""

    id: int
    beneficiary: int
    type: str
    region: str
    sizes: dict[str, list[int]]
    said_at: datetime
    ended_at: datetime | None
    outcome: str
    product: int | None


class NeedsOut(Schema):
    results: list[NeedOut]
    next: str | None
    count: int


class DemandRow(Schema):
    """Numbers of people; null where a number is too small to be shown. ``sizes`` in the unit of the measure."""

    type: str
    in_programmes: int | None
    nothing_fits: int | None
    children: int | None
    regions: int | None


class DemandOut(Schema):
    smallest_shown: int
    results: list[DemandRow]


@router.get("/needs", response={200: NeedsOut, 422: Problem}, operation_id="list_needs")
def list_needs(request: HttpRequest, page: int = 1) -> dict[str, Any]:
    """Needs of the actor's people, open ones first."""
    found = paged(request, reading.own(request.auth), page, _need)
    reading.log_looks(request.auth, [row["beneficiary"] for row in found["results"]])
    return found


@router.post("/needs", response={200: NeedOut, 404: Problem, 422: Problem}, operation_id="say_need")
def say_need(request: HttpRequest, body: NeedIn) -> dict[str, Any]:
    """Say that nothing of a kind fits; a second word changes nothing."""
    person = body.beneficiary or reading.only_person(request.auth)
    return _need(needs.say(actor=request.auth, person_id=person, kind=body.type, region=body.region))


@router.post("/needs/{int:need_id}/withdraw", response={204: None, 404: Problem}, operation_id="withdraw_need")
def withdraw_need(request: HttpRequest, need_id: int) -> tuple[int, None]:
    """Take it back."""
    needs.withdraw(need_id=need_id, actor=request.auth)
    return 204, None


@router.get("/demand", response={200: DemandOut, 403: Problem, 422: Problem}, operation_id="list_demand")
def list_demand(request: HttpRequest, region: str = "") -> dict[str, Any]:
    """For suppliers and the ministry: how many people have a kind in a programme, and how many find nothing that fits."""
    return {
        "smallest_shown": radar.smallest_shown(),
        "results": [
            {
                "type": row.kind.code,
                "in_programmes": row.asked.count,
                "nothing_fits": row.needs.count,
                "children": row.children.count,
                "regions": row.regions.count,
            }
            for row in radar.demand(request.auth, region_of(request.GET))
        ],
    }


def _need(need: UnmetNeed) -> dict[str, Any]:
    return {
        "id": need.pk,
        "beneficiary": need.person_id,
        "type": types.book().by_id[need.type_id].code,
        "region": need.region_id,
        "sizes": need.sizes,
        "said_at": need.said_at,
        "ended_at": need.ended_at,
        "outcome": need.outcome,
        "product": need.product_id,
    }
