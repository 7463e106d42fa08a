"""Life situations and the map of social offices."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace import life, places, policy


@policy.anyone
@require_safe
def situation(request: HttpRequest, slug: str) -> HttpResponse:
    """What to do in one life situation."""
    found = life.situation(slug)
    if found is None:
        raise Http404
    return render(request, "home/situation.html", {"situation": found})


@policy.anyone
@require_safe
def office_map(request: HttpRequest) -> HttpResponse:
    """Every social office: a map of the regions, below it the addresses."""
    regions = places.regions_with_offices()
    return render(request, "home/map.html", {"regions": regions, "tiles": places.tiles(regions)})
