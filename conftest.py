"""The ground under every test: PostgreSQL and Valkey of this run's own, and the browser.

Settings need a database as soon as they are imported, so the services start here, before Django does
and before any other conftest.py is read. Under pytest-xdist the controlling process starts them and the
workers inherit the addresses. They stop with the run; should it be killed, the kernel stops them.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
# The first has no windows to draw around its pages: the tests take half the time with it.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
NO_BROWSER = f"browser tests need one of {', '.join(BROWSERS)} on PATH"


def _prepare_environment() -> None:
    from config.texts import compile_texts
    from tests import services

    if not WORKER:
        compile_texts()
        state = Path(tempfile.mkdtemp(prefix="tirek-tests-"))
        atexit.register(shutil.rmtree, state, ignore_errors=True)
        os.environ["PORTAL_STATE"] = str(state)
        if "DATABASE_URL" not in os.environ or "REDIS_URL" not in os.environ:
            urls, template = services.start()
            if template and "DATABASE_URL" not in os.environ:
                os.environ["TEST_DATABASE_TEMPLATE"] = template
            os.environ.setdefault("DATABASE_URL", urls.database_url)
            os.environ.setdefault("REDIS_URL", urls.redis_url)
    else:
        # Files, search index and cache of its own for each worker; pytest-django does it for the database.
        number = int(WORKER.removeprefix("gw"))
        os.environ["PORTAL_STATE"] = str(Path(os.environ["PORTAL_STATE"]) / WORKER)
        os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number + 1}").geturl()
    os.environ.setdefault("DEMO", "1")
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"


def _prepare_django() -> None:
    import django
    from django.conf import settings

    # Pages find their styles without a collectstatic before each run.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.WHITENOISE_USE_FINDERS = True
    # A page that one test made is no answer to the next one's question.
    settings.SHARED_PAGES = False
    # Signing in by password costs a tenth of a second by design: not in every test.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Making and dropping test databases takes a busy machine longer than a page may wait.
    settings.DATABASES["default"]["OPTIONS"]["options"] += " -c statement_timeout=60000"
    settings.DATABASES["default"]["TEST"] = {"TEMPLATE": os.environ.get("TEST_DATABASE_TEMPLATE")}
    django.setup()
    _wait_for_housekeeping()
    # A worker that inherits this would import the settings before it comes here, with our addresses for its own.
    del os.environ["DJANGO_SETTINGS_MODULE"]


def _wait_for_housekeeping() -> None:
    """PostgreSQL's own housekeeper lets go of a table for who has waited a second, and that is when our waiting ends, too.

    A test that was committed is cleared away by emptying all tables: what stayed would fail the tests after it.
    """
    from django.db.backends.postgresql.operations import DatabaseOperations

    empty = DatabaseOperations.execute_sql_flush

    def patiently(operations: DatabaseOperations, statements: list[str]) -> None:
        empty(operations, ["SET LOCAL lock_timeout = '30s'", *statements])

    DatabaseOperations.execute_sql_flush = patiently  # type: ignore[method-assign]


_prepare_environment()
_prepare_django()


def _browser() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium, kept from talking to anybody but us."""
    path = _browser()
    if path is None:
        pytest.skip(NO_BROWSER)
    # Playwright keeps an event loop in the tests' thread; Django would take their queries for asynchronous ones.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    return {
        **browser_type_launch_args,
        "executable_path": path,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            # A microphone and a camera that hear and see a test tone and a test picture.
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
        ],
    }
