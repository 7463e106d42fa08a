"""Every page a role can reach, in three languages, narrow and wide: accessible, valid, light, alone with its host."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

from tests.browser import html
from tests.browser.conftest import SignedIn
from tests.browser.crawl import Walk, kind_of, page_routes, walk
from tests.browser.pages import Onlooker, Sight
from tests.browser.states import states_of
from tests.browser.texts import LANGUAGES, words
from tests.journey.client import Client
from tests.journey.portal import JourneyPortal

# A portal of their own: half of all the time of the browser tests is spent here.
pytestmark = [pytest.mark.xdist_group("every page")]

VISITOR = "visitor"
# Where each person starts; the sections of the role and everything they link to follow from there.
STARTS = {
    VISITOR: [
        "",
        "account/login/",
        "complaints/new/",
        "recalls/",
        "supplier/join/",
        "track/",
        "vision/",
        "shared-computer/finished/",
        "demo/outbox/",
        "demo/components/",
    ],
    "person": [""],
    "parent": [""],
    "newcomer": [
        "",
        "applications/",
        "orders/",
        "complaints/",
    ],  # a mother who has not ordered anything yet
    "caseworker": [""],
    "supplier": ["", "recalls/new/", "supplier/declaration/"],
    "applicant": ["", "supplier/applications/"],
    "applicant2": ["supplier/applications/"],
    "inspector": [""],
    "ministry": [""],
    "hotline": [""],
    "auditor": [""],
    "guest": [""],
}
# Routes that answer with a redirect or a file.
NOT_PAGES = {
    "account_reauthenticate",  # this and the next come only after a sign-in that is old; one template
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_add_webauthn",  # test_security_key.py looks at this and the next
    "mfa_authenticate",
    "mfa_generate_recovery_codes",
    "second_factor_remove",
    "second_factor_reset",  # an administrator's, who has no desk of ours
    "session_end",
    "sessions_end_others",
    "sign_in_signature_text",
    "sign_in_code",  # behind an answer to sign_in_code_ask; its form is that of continue codes
    "catalogue:category",
    "catalogue:withdraw_need",
    "complaints:attach",
    "complaints:code_sheet",
    "complaints:code_spread_file",
    "complaints:defenders_file",
    "complaints:discard",
    "complaints:draft_bring_back",
    "complaints:feedback_link",  # behind the secret of a message; its form is that of complaints:feedback_code
    "complaints:feedback_stop",
    "complaints:fine",  # shows the case again
    "complaints:fine_step",
    "complaints:headquarters_step",
    "complaints:hotline_begin",
    "complaints:hotline_caller",
    "complaints:hotline_complaint",
    "complaints:kpis_file",
    "complaints:outreach_strike",
    "complaints:parallel_done",
    "complaints:receipt",
    "complaints:report_file",
    "complaints:restore",
    "complaints:routing_file",
    "complaints:step",
    "complaints:track_receipt",
    "complaints:transcribe",  # shows the case again
    "complaints:track_step",  # shows the case again, as complaints:track does
    "marketplace:emergency_decide",
    "marketplace:emergency_look",  # while somebody else's permission lasts; test_emergency.py looks at it
    "marketplace:finish",
    "marketplace:help_stop",
    "marketplace:mirror_confirm",
    "marketplace:own_data_file",
    "marketplace:screen_close",
    "marketplace:still_here",  # of a shared computer only; test_a_shared_computer.py looks at its twin, the dialog
    "marketplace:told",
    "orders:act",
    "orders:add_line",
    "orders:answer_recall",  # shows the order again
    "orders:again",
    "orders:bring_back",
    "orders:office_start",
    "orders:order_step",
    "orders:repeat",
    "orders:restore",
    "orders:sign_text",
    "orders:start",
    "orders:supplier_step",
    "suppliers:application_bring_back",
    "suppliers:application_discard",
    "suppliers:application_restore",
    "suppliers:application_start",
    "suppliers:apply_price_list",
    "suppliers:change_offer",
    "suppliers:check_price_list_anew",
    "suppliers:invite",  # shows the list again
    "suppliers:listing_bring_back",
    "suppliers:listing_discard",
    "suppliers:listing_restore",
    "suppliers:listing_start",
    "suppliers:price_list_result",
    "suppliers:price_list_template",
}
FORM_PAGE, OTHER_PAGE = 40_000, 60_000  # bytes over the wire on a first visit

Seen = Callable[[str, str], list[Sight]]


@pytest.fixture(scope="session")
def people(mothers: dict[str, str]) -> dict[str, str | None]:
    """Whom each line of STARTS signs in as."""
    return {name: name for name in STARTS} | {VISITOR: None, "newcomer": mothers["newcomer"]}


@pytest.fixture(scope="session")
def places(portal: JourneyPortal, signed_in: SignedIn, people: dict[str, str | None]) -> Callable[[str], Walk]:
    """What a person can reach, found once, in Russian; the addresses are the same in every language."""

    @cache
    def found(person: str) -> Walk:
        with signed_in(people[person]) as context:
            result = walk(context.request, portal.url, [f"/ru/{start}" for start in STARTS[person]])
        if person != VISITOR:
            # Pages for everybody look the same to everybody, but for what the catalogue says to a buyer.
            public = {place.kind for place in found(VISITOR).places}
            result.places = [
                place
                for place in result.places
                if place.kind not in public or (person == "parent" and place.kind.startswith("catalogue:"))
            ]
        return result

    return found


@pytest.fixture(scope="session")
def seen(
    portal: JourneyPortal, signed_in: SignedIn, people: dict[str, str | None], places: Callable[[str], Walk]
) -> Seen:
    """Each of these pages, looked at once in each language; in Russian also in states that no link leads to."""

    @cache
    def look(person: str, language: str) -> list[Sight]:
        # What comes through a service worker has no size on the wire any more; it is tested in test_drafts_offline.
        with signed_in(people[person], service_workers="block") as context:
            # What changes with the width alone is the same in every language; narrow is where words break the page.
            onlooker = Onlooker(context, portal.url, wide=language == "ru")
            for place in places(person).places:
                onlooker.look(f"/{language}/{place.path[4:]}")
            if person == VISITOR:
                onlooker.look(f"/{language}/nothing-here/", status=404)
            if language == "ru":
                for state in states_of(person, Client(portal.url, people[person], language="ru")):
                    if state.button:
                        onlooker.press(f"/ru/{state.path}", words("ru")(state.button))
                    else:
                        onlooker.look(f"/ru/{state.path}")
            return onlooker.sights

    return look


def faults(sights: Iterable[Sight]) -> str:
    """One line a fault, under the name of its page."""
    return "\n".join(
        f"{sight.name}\n" + "\n".join(f"    {check}: {line}" for check, lines in sight.faults.items() for line in lines)
        for sight in sights
        if any(sight.faults.values())
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("person", STARTS)
def test_pages_are_accessible_and_talk_to_nobody_else(seen: Seen, person: str, language: str):
    sights = seen(person, language)
    assert sights
    assert not faults(sights), faults(sights)


@pytest.mark.parametrize("person", STARTS)
def test_pages_are_light_on_a_first_visit(seen: Seen, person: str):
    heavy = {
        sight.name: sight.weight
        for sight in seen(person, "ru")
        if sight.bytes > (FORM_PAGE if sight.form else OTHER_PAGE) and "/demo/" not in sight.name
    }
    assert not heavy


@pytest.mark.parametrize("person", STARTS)
def test_no_link_leads_nowhere(places: Callable[[str], Walk], person: str):
    assert places(person).broken == []


@pytest.mark.skipif(bool(html.missing()), reason=html.missing())
def test_pages_are_valid_html(seen: Seen, tmp_path: Path):
    sights = [sight for person in STARTS for language in LANGUAGES for sight in seen(person, language)]
    errors = html.html_errors([(sight.name, sight.html) for sight in sights], tmp_path)
    assert not errors, "\n".join(errors)


def test_no_page_is_left_out(seen: Seen):
    """Every page of the URL configuration was looked at by somebody."""
    looked_at = {kind_of(sight.path) for person in STARTS for sight in seen(person, "ru")}
    missing = {name for name in page_routes() - looked_at - NOT_PAGES if not name.startswith("admin:")}
    assert not missing, "\n".join(sorted(missing))
