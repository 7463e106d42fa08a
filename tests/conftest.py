"""What all tests share: the running portal of the black-box tests, settings of in-process ones, grouping."""

from collections.abc import Iterator

import hypothesis
import pytest
import pytest_django
from django.db import connection

from config import embedded
from tests.journey.portal import JourneyPortal

# A busy machine is no fault of the rule under test.
hypothesis.settings.register_profile("portal", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("portal")


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JourneyPortal]:
    """Real processes with the demo data; started once for all tests of the group "portal"."""
    with JourneyPortal(tmp_path_factory.mktemp("portal") / "state") as running:
        yield running
    embedded.discard(running.state)  # under root its data are outside pytest's private folder


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> None:
    """Tests that commit clean up by TRUNCATE, which the append-only logs refuse everybody else."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in ("marketplace_event", "marketplace_readlog", "marketplace_auditseal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only_truncate")


@pytest.fixture(autouse=True, scope="session")
def changes_at_once() -> None:
    """A test sees what it changed a line before, not what the process remembered for a moment."""
    from catalog.search import columns
    from marketplace import page_changes

    page_changes._remembered._seconds = 0.0
    columns.SHARE = float("inf")


# The longest groups, begun first (with --no-loadscope-reorder): no worker is left with one at the end while the others idle.
LONGEST = ("portal", "every page", "rights")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests share fixtures, so a worker gets whole files; the files of a named group go to one worker.

    Tests that read what their module's fixture wrote carry no mark of the database, so that pytest-django runs them after
    all that do. It makes the database only for a mark, though: where only such tests were chosen, they get one.
    """
    if not any(item.get_closest_marker("django_db") for item in items):
        for item in items:
            if "django_db_setup" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.django_db)
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(item.config.rootpath))))
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(_group(item), len(places)))


def _group(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    assert marker is not None
    return str(marker.args[0])


def pytest_collection_finish(session: pytest.Session) -> None:
    """Groups that are not kept cost minutes without a word: two portals, two Elasticsearch servers."""
    if getattr(session.config.option, "loadgroup", False) and session.items and "@" not in session.items[0].nodeid:
        raise pytest.UsageError("pytest-xdist does not keep groups together with this version of pytest")
