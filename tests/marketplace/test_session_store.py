"""The person read with the session is the one whom Django would find, or nobody is read."""

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace import sessions
from marketplace.models import BrowserSession, User
from marketplace.session_store import PersonMiddleware, SessionStore
from tests.factories import make_person

PASSWORD = "a long password"
pytestmark = pytest.mark.django_db


@pytest.fixture
def aigul() -> User:
    person = make_person("aigul-session", vision={"size": "200"})
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def browser(aigul: User) -> Client:
    client = Client()
    answer = client.post("/ru/account/login/", {"login": aigul.username, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def asked(browser: Client) -> HttpRequest:
    """A request of this browser, as far as the middleware of the person."""
    request = HttpRequest()
    request.session = SessionStore(browser.session.session_key)
    PersonMiddleware(lambda _request: None).process_request(request)
    return request


def of_django(browser: Client) -> object:
    request = HttpRequest()
    request.session = SessionStore(browser.session.session_key)
    return get_user(request)


def test_one_statement_reads_both_and_every_column_alike(browser, aigul):
    with CaptureQueriesContext(connection) as read:
        request = asked(browser)
        person = request.user
        assert person.pk == aigul.pk
    assert len(read) == 1
    fresh = User.objects.get(pk=aigul.pk)
    columns = {field.attname for field in User._meta.concrete_fields}
    assert {name: getattr(person, name) for name in columns} == {name: getattr(fresh, name) for name in columns}
    assert not hasattr(person, "session_data")
    assert dict(request.session.items()) == dict(browser.session.items())


def dismissed(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def ended(person: User) -> None:
    User.objects.filter(pk=person.pk).update(session_epoch=7)


def another_password(person: User) -> None:
    person.set_password("another long password")
    person.save()


def over(person: User) -> None:
    Session.objects.update(expire_date="2020-01-01T00:00:00Z")


@pytest.mark.parametrize("what", [dismissed, ended, another_password, over])
def test_who_may_not_be_signed_in_any_more_is_not(browser, aigul, what):
    assert asked(browser).user.is_authenticated
    what(aigul)
    assert not of_django(browser).is_authenticated
    assert not asked(browser).user.is_authenticated


def test_the_session_says_who_it_is_not_the_list_of_browsers(browser, aigul):
    stranger = make_person("stranger-session")
    BrowserSession.objects.update(user=stranger)
    assert asked(browser).user == aigul
    BrowserSession.objects.all().delete()
    assert asked(browser).user == aigul


def test_a_session_that_a_password_change_renamed_is_found(browser, aigul):
    old = browser.session.session_key
    session = browser.session
    session.cycle_key()
    browser.cookies["session"] = session.session_key
    assert session.session_key != old
    assert asked(browser).user == aigul


def test_who_signs_out_is_nobody_at_once(browser):
    request = asked(browser)
    assert request.user.is_authenticated
    request.session.flush()
    assert request.session.person is None
    assert not asked(browser).user.is_authenticated


def test_the_list_of_browsers_still_ends_sessions(browser, aigul):
    [row] = sessions.of(aigul)
    sessions.end(user_id=aigul.pk, session_id=row.pk)
    assert not asked(browser).user.is_authenticated


def test_a_session_that_is_nobodys_costs_one_statement():
    session = SessionStore()
    session["language"] = "kk"
    session.save()
    with CaptureQueriesContext(connection) as read:
        assert SessionStore(session.session_key).get("language") == "kk"
    assert len(read) == 1
