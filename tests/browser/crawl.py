"""Every page that a person can reach: links followed from the sections of the role, one page of a kind."""

import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.urls import Resolver404, resolve
from django.utils import translation
from playwright.sync_api import APIRequestContext

PAGES = re.compile(r"^/[a-z]{2}/")
# Not pages of the portal: the staff's Django admin, allauth's pages behind the sign-in page.
NOT_OURS = re.compile(
    r"^/[a-z]{2}/(admin|account/(signup|password|email|confirm|inactive|reauthenticate|social|2fa))\b"
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
            return str(resolve(parts.path).view_name) + ("?" if parts.query else "")
    except Resolver404:
        return ""


def walk(request: APIRequestContext, url: str, starts: Iterable[str], *, of_a_kind: int = 1) -> Walk:
    """Follows links from ``starts`` (paths): at most ``of_a_kind`` pages of each route, and links that lead nowhere."""
    result, count = Walk(), Counter[str]()
    waiting = deque((path, "start") for path in starts)
    seen: set[str] = set()
    while waiting:
        path, source = waiting.popleft()
        kind = kind_of(path)
        if path in seen or count[kind] >= of_a_kind or not PAGES.match(path) or NOT_OURS.match(path):
            continue
        seen.add(path)
        answer = request.get(url + path, max_redirects=0)
        if answer.status in {301, 302, 303}:
            waiting.appendleft((_path(url, path, answer.headers["location"]), source))
        elif answer.status != 200:
            result.broken.append(f"{source} links to {path}: {answer.status}")
        elif "html" in answer.headers.get("content-type", ""):
            count[kind] += 1
            result.places.append(Place(path, kind))
            links = Links()
            links.feed(answer.text())
            waiting.extend((target, path) for href in links.found if (target := _path(url, path, href)))
    return result


def _path(url: str, page: str, href: str) -> str:
    """The link as path and query; empty when it leaves the portal."""
    parts = urlsplit(urljoin(url + page, href))
    return parts._replace(scheme="", netloc="", fragment="").geturl() if parts.netloc == urlsplit(url).netloc else ""
