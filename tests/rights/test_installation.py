"""What an installation may ask for: an account that owns nothing, a host for the administration, a list of stolen passwords."""

import hashlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from config import embedded
from marketplace import events, passwords
from marketplace.management.commands.portal_account import GROWING, grants
from marketplace.models import Draft, Event, Role, User
from tests import services
from tests.factories import make_person, make_user

ROOT = Path(__file__).parents[2]

# --- The account of the running portal (ASVS 13.2.2) ------------------------------------------------------------------


@pytest.fixture(scope="module")
def account() -> Iterator[str]:
    """An account of the tests' server that theirs may become."""
    server = settings.DATABASES["default"]
    memory = embedded.state.memory(services.STATE)
    if str(memory.get("postgres_port")) != server["PORT"]:
        pytest.skip("the server of this run is another one, whose administrator's password is not known")
    name = f"portal_{os.getpid()}"
    administrator = psycopg2.connect(
        host=server["HOST"],
        port=server["PORT"],
        user="postgres",
        password=memory["superuser_password"],
        dbname="postgres",
    )
    administrator.autocommit = True
    with administrator.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name}; GRANT {name} TO {server['USER']}")
        yield name
        cursor.execute(f"DROP ROLE {name}")
    administrator.close()


@pytest.fixture
def without_ownership(db: None, account: str) -> Iterator[None]:
    """The tests' connection as the portal's account; what it is granted goes with the test's transaction."""
    with connection.cursor() as cursor:
        for statement in grants(account):
            cursor.execute(statement)
        cursor.execute(f"SET LOCAL ROLE {account}")
        yield
        cursor.execute("RESET ROLE")


def refused(statement: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except ProgrammingError as error:
        assert isinstance(error.__cause__, psycopg2.errors.InsufficientPrivilege)
        return True
    return False


def test_the_portal_works_with_an_account_that_owns_nothing(without_ownership):
    person, client = make_person("marat"), Client()
    client.force_login(person, "django.contrib.auth.backends.ModelBackend")
    draft = uuid.uuid4()
    body = json.dumps({"device": "d", "beneficiary": person.pk, "ops": [{"f": "contact.name", "v": "Marat"}]})
    saved = client.patch(f"/api/v1/drafts/{draft}", body, "application/json", headers={"Idempotency-Key": "k"})
    assert saved.status_code == 200 and Draft.objects.filter(pk=draft).exists()
    assert client.get("/en/account/").status_code == 200
    assert client.post(f"/api/v1/drafts/{draft}/discard").status_code == 200
    assert Event.objects.exists(), "what happened was written down"
    assert events.seal_until(timezone.localdate()) == 1
    assert events.verify() == []


@pytest.mark.parametrize("table", GROWING)
def test_it_can_neither_change_the_logs_nor_switch_their_guards_off(without_ownership, table: str):
    # Each is refused before a trigger is asked: the rights are missing.
    assert refused(f"DELETE FROM {table}")
    assert refused(f"UPDATE {table} SET id = id")
    assert refused(f"TRUNCATE {table}")
    assert refused(f"ALTER TABLE {table} DISABLE TRIGGER append_only_rows")
    assert refused(f"DROP TABLE {table}")


def test_control_the_owner_could_switch_them_off(db: None):
    assert not refused("ALTER TABLE marketplace_event DISABLE TRIGGER append_only_rows")


# --- TLS towards the database (12.3.1) --------------------------------------------------------------------------------


def connects(url: str) -> subprocess.CompletedProcess[str]:
    ask = "import django; django.setup(); from django.db import connection; connection.ensure_connection(); print('in')"
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ask],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_database_that_speaks_no_tls_is_refused_where_it_is_asked_for():
    url = os.environ["DATABASE_URL"]
    assert connects(url).stdout.strip() == "in"
    answer = connects(f"{url}?sslmode=verify-full&sslrootcert=/nowhere.pem")
    assert answer.returncode != 0 and ("SSL" in answer.stderr or "root certificate" in answer.stderr)


# --- A host of its own for the administration (3.5.4) ------------------------------------------------------------------


@pytest.fixture
def admin_host(db: None, settings: Settings) -> str:
    settings.ADMIN_HOST, settings.ALLOWED_HOSTS = "admin.example", ["admin.example", "testserver"]
    return "admin.example"


@pytest.mark.parametrize("path", ["/en/admin/", "/admin/", "/ru/admin/marketplace/user/"])
def test_on_the_portals_host_there_is_no_administration(admin_host: str, path: str):
    client = Client()
    boss = make_user("boss", Role.ADMIN)
    User.objects.filter(pk=boss.pk).update(is_staff=True, is_superuser=True)
    client.force_login(boss, "django.contrib.auth.backends.ModelBackend")
    elsewhere = client.get(path, follow=True)
    assert elsewhere.status_code == 404
    assert client.get("/en/admin/", headers={"Host": admin_host}).status_code == 200


@pytest.mark.parametrize("path", ["/en/catalog/", "/en/", "/api/v1/products", "/en/complaints/"])
def test_on_its_host_there_is_nothing_else(admin_host: str, path: str):
    assert Client().get(path, headers={"Host": admin_host}).status_code == 404
    assert Client().get("/en/account/login/", headers={"Host": admin_host}).status_code == 200


def test_without_a_host_of_its_own_it_is_where_the_portal_is(db: None):
    assert settings.ADMIN_HOST == ""
    assert Client().get("/en/admin/").status_code == 302


# --- Passwords that were stolen somewhere (6.2.12) --------------------------------------------------------------------


@pytest.fixture
def stolen(tmp_path: Path) -> tuple[Path, list[str]]:
    """A list as Pwned Passwords has it: SHA-1 in capitals and a count, ordered, lines end in two ways."""
    words = [f"correct horse battery staple {number}" for number in range(1000)]
    digests = sorted(hashlib.sha1(word.encode(), usedforsecurity=False).hexdigest().upper() for word in words)
    path = tmp_path / "list.txt"
    path.write_bytes(b"".join(f"{digest}:{place % 977 + 1}\r\n".encode() for place, digest in enumerate(digests)))
    return path, words


def test_every_password_of_the_list_is_found_and_no_other(stolen: tuple[Path, list[str]]):
    path, words = stolen
    assert all(passwords.is_in_list(word, path) for word in words)
    assert not any(passwords.is_in_list(f"{word}!", path) for word in words)


def test_a_stolen_password_is_refused_where_the_list_is_there(stolen: tuple[Path, list[str]], settings: Settings):
    path, words = stolen
    validate_password(words[7])
    settings.BREACHED_PASSWORDS = str(path)
    with pytest.raises(ValidationError) as refusal:
        validate_password(words[7])
    assert refusal.value.error_list[0].code == "password_breached"
    validate_password(f"{words[7]}!")


def test_an_empty_list_refuses_nothing(tmp_path: Path):
    (tmp_path / "empty").touch()
    assert not passwords.is_in_list("anything", tmp_path / "empty")
