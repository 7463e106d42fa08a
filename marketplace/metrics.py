"""Numbers for Prometheus by route name, never by path: paths would carry numbers and names.

A web server has several processes. With PROMETHEUS_MULTIPROC_DIR (config/wsgi.py sets it) each keeps its counts in a
file there, and whichever is asked answers for all.
"""

import json
import os
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import translation
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
    "What one visit in ten saw, from the click",
    ["route", "moment"],
    buckets=day_counts.BUCKETS,
)

OUR_OWN = ("/healthz/", "/metrics")  # asked by machines that watch
MOMENTS = {"b": "first_byte", "d": "drawn", "l": "loaded"}
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


def saw(body: bytes) -> bool:
    """Count what a browser says of one page: ``{"p": path, "b": ms, "d": ms, "l": ms}``; false when it makes no sense.

    The path only tells the route: it is neither kept nor logged.
    """
    try:
        told = json.loads(body)
        with translation.override(translation.get_language_from_path(told["p"]) or translation.get_language()):
            match = resolve(told["p"])
        times = {name: told[name] for name in MOMENTS if name in told}
    except (ValueError, KeyError, TypeError, AttributeError, Resolver404):
        return False
    if not all(type(spent) is int and 0 <= spent <= LONGEST_MS for spent in times.values()):
        return False
    for name, spent in times.items():
        PAGE_SECONDS.labels(match.view_name or match.route, MOMENTS[name]).observe(spent / 1000)
    if "l" in times:
        day_counts.page(times["l"] / 1000)
    return True
