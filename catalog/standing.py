"""How search works now: its line on the status page, its numbers for the monitoring."""

from collections.abc import Iterator
from typing import Any

from django.db import Error
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from catalog import search
from marketplace import health, metrics

LATE_AFTER = 60  # seconds


@health.register_line("search")
def search_line() -> health.Line:
    """Search is well when the wanted engine answers and no index is more than a minute behind."""
    now = search.status()
    words = []
    if now["engine"] == search.LAST_RESORT:
        words.append(_("Search looks at titles only. It is being repaired."))
    elif now["engine"] != now["wanted"]:
        words.append(
            _("The search engine %(wanted)s does not answer. The spare one on this server does.")
            % {"wanted": now["wanted"]}
        )
    behind = now["waiting"] + now["owed"]
    if behind:
        words.append(
            ngettext(
                "%(count)s change of the catalogue is not in search yet, for %(seconds)s s.",
                "%(count)s changes of the catalogue are not in search yet, the oldest for %(seconds)s s.",
                behind,
            )
            % {"count": behind, "seconds": now["behind_seconds"]}
        )
    well = now["engine"] == now["wanted"] and now["behind_seconds"] < LATE_AFTER
    return health.Line(_("Search"), well, " ".join(words) or _("Every product is in search."))


class SearchCollector(Collector):
    """Asked at the moment of the scrape; left out while the database is away."""

    def describe(self) -> list[Any]:
        return []  # registering must not ask the database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            now = search.status()
        except Error:
            return
        behind, spare = now["behind_seconds"], now["engine"] != now["wanted"]
        yield GaugeMetricFamily("search_behind_seconds", "Age of the oldest change that is not in search", behind)
        yield GaugeMetricFamily("search_spare", "1 while another engine than the wanted one answers", int(spare))


metrics.register(SearchCollector())
