"""Numbers for Prometheus by route name, never by path: paths would carry numbers and names.

A web server has several processes. With PROMETHEUS_MULTIPROC_DIR (config/wsgi.py sets it) each keeps its counts in a
file there, and whichever is asked answers for all.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, multiprocess
from prometheus_client.registry import Collector

from marketplace import day_counts

REQUESTS = Counter("http_requests_total", "Requests", ["route", "method", "status"])
SECONDS = Histogram(
    "http_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SLOW_QUERIES = Counter("db_slow_queries_total", "Statements that took longer than SLOW_QUERY_MS")
STOPPED_QUERIES = Counter("db_stopped_queries_total", "Statements that were stopped", ["reason"])
PAGE_SECONDS = Histogram(
    "page_seconds",
    "What a share of the visits saw, from the click",
    ["route", "moment"],
    buckets=day_counts.BUCKETS,
)
# Apart from the routes: each route on each line in each language would be a hundred thousand numbers.
PAGE_SECONDS_BY_LINE = Histogram(
    "page_seconds_by_line",
    "The same by the kind of line, as the browser judges it, and the language of the page",
    ["line", "language", "moment"],
    buckets=day_counts.BUCKETS,
)

OUR_OWN = ("/healthz/", "/metrics")  # asked by machines that watch
MOMENTS = {"b": "first_byte", "d": "drawn", "l": "loaded"}
LINES = {"slow-2g", "2g", "3g", "4g"}  # as browsers name them; those that do not judge: "unknown"
TOLD = {"r", "c", "g", *MOMENTS}
MACHINES = {"admin", "api"}  # routes without pages of ours
LONGEST_MS = 120_000  # a page that was left open over night says nothing

_asked: list[Collector] = []


def register(collector: Collector) -> None:
    """Numbers that are asked for at the moment of the scrape."""
    _asked.append(collector)
    REGISTRY.register(collector)


def registry() -> CollectorRegistry:
    """What a scrape shows: the counts of all processes of this web server, and what is asked for now."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    shared = CollectorRegistry()
    multiprocess.MultiProcessCollector(shared)
    for collector in _asked:
        shared.register(collector)
    return shared


class MetricsMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = (match.view_name or match.route) if match else "unmatched"
        REQUESTS.labels(route, request.method, response.status_code).inc()
        SECONDS.labels(route).observe(time.perf_counter() - started)
        if not request.path_info.startswith(OUR_OWN):
            day_counts.answer(response.status_code)
        return response


@cache
def page_names() -> frozenset[str]:
    """Names of all routes of pages: nothing else becomes a label, so nobody can make new ones."""

    def named(patterns: Iterable[URLPattern | URLResolver], space: str) -> Iterator[str]:
        for entry in patterns:
            if isinstance(entry, URLResolver):
                if entry.namespace not in MACHINES:
                    yield from named(entry.url_patterns, f"{space}{entry.namespace}:" if entry.namespace else space)
            elif entry.name:
                yield f"{space}{entry.name}"

    return frozenset(named(get_resolver().url_patterns, ""))


class Flow:
    """At most so many a second, per process; a crowd of liars costs no more than that."""

    def __init__(self, most: int) -> None:
        self.most, self._lock, self._second, self._count = most, threading.Lock(), 0, 0

    def takes(self) -> bool:
        """One more; false when this second is full."""
        now = int(time.monotonic())
        with self._lock:
            if now != self._second:
                self._second, self._count = now, 0
            self._count += 1
            return self._count <= self.most


def saw(body: bytes) -> bool:
    """Count what a browser says of one page; false, and nothing is counted, when it makes no sense.

    ``{"r": route, "c": kind of line, "g": language, "b": ms, "d": ms, "l": ms}``: the route by its name, which tells
    nothing of whose page it was. What is not known by name is no label: the line becomes "unknown", a route is refused.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(told, dict) or not told.keys() <= TOLD:
        return False
    route, line, language = told.get("r"), told.get("c"), told.get("g")
    times = {name: told[name] for name in MOMENTS if name in told}
    if not all(type(spent) is int and 0 <= spent <= LONGEST_MS for spent in times.values()):
        return False
    if not (isinstance(route, str) and route in page_names()):
        return False
    if language not in [code for code, _name in settings.LANGUAGES]:
        return False
    line = line if isinstance(line, str) and line in LINES else "unknown"
    for name, spent in times.items():
        PAGE_SECONDS.labels(route, MOMENTS[name]).observe(spent / 1000)
        PAGE_SECONDS_BY_LINE.labels(line, language, MOMENTS[name]).observe(spent / 1000)
    if "l" in times:
        day_counts.page(times["l"] / 1000)
    return True
