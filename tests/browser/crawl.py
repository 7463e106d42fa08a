"""Every page that a person can reach: links followed from the sections of the role, one page of a kind."""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.urls import LocalePrefixPattern, Resolver404, URLPattern, URLResolver, get_resolver, resolve
from django.utils import translation
from playwright.sync_api import APIRequestContext

PAGES = re.compile(r"^/[a-z]{2}/")
# These show another page with a query; all others only another choice of the same.
BY_QUERY = {"complaints:new"}
# Not pages of the portal: the staff's Django admin, allauth's pages behind the sign-in page. And pages of an account
# that look the same to every role: states.py shows them once.
NOT_OURS = re.compile(
    r"^/[a-z]{2}/(admin|account/(signup|password|email|confirm|inactive|reauthenticate|social|2fa|sessions|second-step))\b"
)


class Links(HTMLParser):
    """Where the links of a page lead; the language switch and the low-vision page repeat the same page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href") and "hreflang" not in given and "download" not in given:
            self.found.append(str(given["href"]))


@dataclass(frozen=True)
class Place:
    path: str
    kind: str  # the route's name, with a mark when the address carries a query


@dataclass
class Walk:
    places: list[Place] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def kind_of(path: str) -> str:
    """The route behind a path; empty when no route knows it."""
    parts = urlsplit(path)
    try:
        with translation.override(parts.path[1:3]):
            name = str(resolve(parts.path).view_name)
    except Resolver404:
        return ""
    return f"{name}?" if parts.query and name in BY_QUERY else name


def walk(request: APIRequestContext, url: str, starts: Iterable[str]) -> Walk:
    """Follows links from ``starts`` (paths): one page of each route, and the links that lead nowhere."""
    result, known = Walk(), set[str]()
    waiting = deque((path, "start") for path in starts)
    seen: set[str] = set()
    while waiting:
        path, source = waiting.popleft()
        kind = kind_of(path)
        if path in seen or kind in known or not PAGES.match(path) or NOT_OURS.match(path):
            continue
        seen.add(path)
        answer = request.get(url + path, max_redirects=0)
        if answer.status in {301, 302, 303}:
            waiting.appendleft((_path(url, path, answer.headers["location"]), source))
        elif answer.status != 200:
            result.broken.append(f"{source} links to {path}: {answer.status}")
        elif "html" in answer.headers.get("content-type", ""):
            known.add(kind)
            result.places.append(Place(path, kind))
            links = Links()
            links.feed(answer.text())
            waiting.extend((target, path) for href in links.found if (target := _path(url, path, href)))
    return result


def _path(url: str, page: str, href: str) -> str:
    """The link as path and query; empty when it leaves the portal."""
    parts = urlsplit(urljoin(url + page, href))
    return parts._replace(scheme="", netloc="", fragment="").geturl() if parts.netloc == urlsplit(url).netloc else ""


def page_routes() -> set[str]:
    """Names of the routes that have a language prefix, as ``kind_of`` gives them."""
    names = set()

    def collect(patterns: Iterable[URLPattern | URLResolver], prefix: str) -> None:
        for entry in patterns:
            if isinstance(entry, URLResolver):
                space = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
                collect(entry.url_patterns, space)
            elif entry.name:
                names.add(prefix + entry.name)

    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLResolver) and isinstance(entry.pattern, LocalePrefixPattern):
            collect(entry.url_patterns, "")
    return names
