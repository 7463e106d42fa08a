"""Who may come to a route at all. Said where the view is written, asked by one middleware, refused when nobody said it.

What a visitor then sees there is the selectors' matter. The API says the same with ``auth=`` of its operations,
whose default is that one is signed in.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.urls import URLPattern, URLResolver

from marketplace.models import Role, User

View = TypeVar("View", bound=Callable[..., Any])


# Whoever only looks, unless a policy says otherwise: the auditor never writes, the guest of a headquarters sees a board,
# who keeps the portal running changes accounts and no case.
ONLY_LOOK: frozenset[str] = frozenset({Role.AUDITOR, Role.GUEST, Role.ADMIN})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Policy:
    """One rule of the door; ``name`` stands in the table of rights. No roles: any role.

    ``act``: roles of ONLY_LOOK that may also change something here.
    """

    name: str
    signs_in: bool = True
    roles: frozenset[str] = frozenset()
    act: frozenset[str] = frozenset()

    def admits(self, visitor: User | AnonymousUser, method: str = "GET") -> bool:
        """False for who is not signed in, has another role, or only looks and wants to change something."""
        if not visitor.is_authenticated:
            return not self.signs_in
        if self.signs_in and only_looks(visitor, method) and visitor.role not in self.act:
            return False
        return not self.roles or visitor.role in self.roles


def only_looks(visitor: User, method: str) -> bool:
    """Would the request change something, for a role that only looks?"""
    return method not in SAFE and visitor.role in ONLY_LOOK


ANYONE = Policy("anyone", signs_in=False)
BY_CODE = Policy("by code", signs_in=False)
BY_OPERATION = Policy("by operation", signs_in=False)
SIGNED_IN = Policy("signed in")
OWN_ACCOUNT = Policy("own account", act=ONLY_LOOK)


def of(view: Callable[..., Any]) -> Policy | None:
    """The view's policy; None when nobody gave it one."""
    found: Policy | None = getattr(view, "policy", None)
    return found


def set_for(view: View, policy: Policy) -> View:
    """Mark the view; decorators above it keep the mark."""
    view.policy = policy  # type: ignore[attr-defined]
    return view


def anyone(view: View) -> View:
    """Open to the world: it shows nothing personal, or what the visitor's own session and role give."""
    return set_for(view, ANYONE)


def by_code(view: View) -> View:
    """Whoever holds a number with its code, a link from an SMS or a printed code; the view checks it."""
    return set_for(view, BY_CODE)


def signed_in(view: View) -> View:
    """Everybody who signed in; selectors decide what is there for whom."""
    return set_for(view, SIGNED_IN)


def own_account(view: View) -> View:
    """Everybody who signed in, about nothing but the own account: who only looks elsewhere may act here."""
    return set_for(view, OWN_ACCOUNT)


def only(*roles: str, act: Iterable[str] = ()) -> Callable[[View], View]:
    """These roles and no other. ``act``: those of them that only look elsewhere, but act here."""
    name = "only " + " ".join(sorted(str(role) for role in roles))
    policy = Policy(name, roles=frozenset(roles), act=frozenset(act))
    return lambda view: set_for(view, policy)


def before_second_factor(view: View) -> View:
    """Open also to somebody whose role needs a second factor and who has none: what leads to one, or out."""
    view.before_second_factor = True  # type: ignore[attr-defined]
    return view


def is_before_second_factor(view: Callable[..., Any]) -> bool:
    """Says the view that it needs no second factor?"""
    return getattr(view, "before_second_factor", False)


def undeclared(routes: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """Addresses of routes that say nothing: nobody gets in there."""
    for route in routes:
        address = prefix + str(route.pattern)
        if isinstance(route, URLResolver):
            yield from undeclared(route.url_patterns, address)
        elif of(route.callback) is None:
            yield address


def under(policy: Policy, routes: Iterable[URLPattern | URLResolver]) -> None:
    """The same policy for every route of a library: its views are not ours to mark one by one."""
    for route in routes:
        if isinstance(route, URLResolver):
            under(policy, route.url_patterns)
        else:
            route.callback = set_for(update_wrapper(partial(route.callback), route.callback), policy)
