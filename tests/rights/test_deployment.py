"""An installation under https, as `check --deploy` and a browser see it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

ROOT = Path(__file__).parents[2]
NAMES = (
    "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE", "SESSION_COOKIE_AGE",
    "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE", "CSRF_COOKIE_HTTPONLY", "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "DEBUG",
    "PASSWORD_HASHERS",
)  # fmt: skip
ASK = f"""
import json, django
from django.conf import settings
django.setup()
from django.core import checks
found = checks.run_checks(include_deployment_checks=True)
print(json.dumps({{"found": [f"{{one.id}} {{one.msg}}" for one in found if one.level >= checks.WARNING and not one.is_silenced()],
                  **{{name: getattr(settings, name) for name in {NAMES!r}}}}}))
"""


@pytest.fixture(scope="module")
def installed() -> dict[str, object]:
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PORTAL_URL": "https://tirek.example", "DEMO": "0", "PROXIES": "1",
        "ALLOWED_HOSTS": "tirek.example", "SMS_GATEWAY_URL": "https://sms.example/", "SMS_GATEWAY_TOKEN": "x" * 32,
        "EMAIL_URL": "smtps://user:password@mail.example:465",
    }  # fmt: skip
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # of a browser test before us
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(said.stdout.splitlines()[-1])


def test_check_deploy_finds_nothing(installed):
    assert installed["found"] == []


def test_cookies_belong_to_this_host_alone(installed):
    assert (installed["SESSION_COOKIE_NAME"], installed["CSRF_COOKIE_NAME"]) == ("__Host-session", "__Host-csrf")
    assert installed["SESSION_COOKIE_SECURE"] and installed["CSRF_COOKIE_SECURE"]
    assert installed["SESSION_COOKIE_HTTPONLY"] and installed["CSRF_COOKIE_HTTPONLY"]
    assert installed["SESSION_COOKIE_SAMESITE"] == "Lax"
    assert installed["SESSION_COOKIE_AGE"] == 12 * 3600


def test_https_stays_for_a_year_with_all_below(installed):
    assert (installed["SECURE_HSTS_SECONDS"], installed["SECURE_HSTS_INCLUDE_SUBDOMAINS"]) == (31_536_000, True)
    assert installed["DEBUG"] is False
    assert "Scrypt" in installed["PASSWORD_HASHERS"][0]


@pytest.mark.parametrize(
    "text", ["short", "password123", "qwertyuiop", "1234567890", "Tirek-2026!", "портал 1414 тірек"]
)
def test_weak_passwords_are_refused(text):
    with pytest.raises(ValidationError):
        validate_password(text)


@pytest.mark.parametrize(
    "text",
    ["жылы сүт пен нан", "no digits no capitals", "tirek of seven tall poplars", "x" * 128, "0 9 8 7 6 5 4 3 2 1 0"],
)
def test_passwords_of_any_composition_are_taken(text):
    validate_password(text)
    assert settings.AUTH_PASSWORD_VALIDATORS


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/en/", "/en/account/login/", "/en/catalog/", "/api/v1/products", "/healthz/ready"])
@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG"])
def test_no_method_sends_a_request_back(client, path, method):
    answer = client.generic(method, path, headers={"X-Secret": "said-by-the-browser"})
    assert answer.status_code in {404, 405} and b"said-by-the-browser" not in answer.content
