"""A person at the portal, as Locust sees her: real sign-in, CSRF on, honest about refusals.

Overload answers (503 with Retry-After) are waited out as draft.js does; everything else that is not the
expected status is a failure.
"""

import os
import random
import re
import uuid
from typing import Any

from locust import HttpUser, between

PASSWORD = "demo-portal"
CSRF_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
ERROR = re.compile(r'class="govuk-error-summary__list".*?</ul>', re.DOTALL)
LANGUAGES = ("kk", "ru", "en")
PEOPLE = int(os.environ.get("LOAD_PEOPLE", "0"))  # accounts made by seed_scale: scale-000001 …


class PortalUser(HttpUser):
    """Signs in through the page, then uses pages and the API with the session and its CSRF token."""

    abstract = True
    wait_time = between(1, 3)
    accounts: tuple[str, ...] = ()

    def on_start(self) -> None:
        self.language = random.choice(LANGUAGES)
        self.device = f"load-{uuid.uuid4().hex[:12]}"
        self.csrf = ""
        name = self.account()
        if name:
            self.sign_in(name)

    def account(self) -> str:
        return random.choice(self.accounts) if self.accounts else ""

    def sign_in(self, name: str) -> None:
        page = f"/{self.language}/account/login/"
        form = self.client.get(page, name="GET sign-in")
        token = CSRF_FIELD.search(form.text)
        with self.client.post(
            page,
            {"login": name, "password": PASSWORD, "csrfmiddlewaretoken": token.group(1) if token else ""},
            headers={"Referer": f"{self.host}{page}"},
            name="POST sign-in",
            catch_response=True,
        ) as answer:
            if not answer.history:  # a wrong sign-in shows the form again instead of redirecting
                answer.failure(f"{name} is not signed in: {answer.status_code} {' '.join(ERROR.findall(answer.text))}")
        self.csrf = self.client.get("/api/v1/csrf", name="GET csrf").json()["token"]

    def page(self, path: str, name: str) -> Any:
        return self.client.get(f"/{self.language}/{path}", name=f"page {name}")

    def read(self, path: str, name: str = "", **params: Any) -> Any:
        answer = self.client.get(f"/api/v1{path}", params=params, name=f"GET {name or path}")
        return answer.json() if answer.ok else None

    def send(
        self, method: str, path: str, body: Any, *, name: str, expected: tuple[int, ...] = (200, 201), **headers: str
    ) -> Any:
        """A state-changing call with the CSRF token; statuses outside ``expected`` are failures."""
        with self.client.request(
            method,
            f"/api/v1{path}",
            json=body,
            headers={"X-CSRFToken": self.csrf, "Referer": f"{self.host}/", **headers},
            name=f"{method} {name}",
            catch_response=True,
        ) as answer:
            if answer.status_code in expected:
                answer.success()
                return answer.json() if answer.content else {}
            answer.failure(f"{answer.status_code}: {answer.text[:200]}")
            return None

    def save(self, draft: str, fields: dict[str, Any], seq: int) -> Any:
        ops = [
            {"f": name, "v": value, "base": 0, "seq": seq + number}
            for number, (name, value) in enumerate(fields.items())
        ]
        return self.send(
            "PATCH",
            f"/drafts/{draft}",
            {"device": self.device, "schema": 1, "ops": ops},
            name="/drafts/{id}",
            **{"Idempotency-Key": str(uuid.uuid4())},
        )
