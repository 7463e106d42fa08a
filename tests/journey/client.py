"""A program that knows only the public contract: HTTP, JSON, tokens."""

import json
import uuid
from typing import Any

import requests


class Client:
    """One signed-in user of the API (or a visitor when no name is given)."""

    def __init__(self, url: str, username: str | None = None, language: str = "en"):
        self.base = f"{url}/api/v1"
        self.session = requests.Session()
        self.session.headers["Accept-Language"] = language
        self.username = username
        if username:
            answer = self.post("/auth/token", {"username": username, "password": "demo-portal"}, expect=200)
            self.session.headers["Authorization"] = f"Bearer {answer['token']}"
            self.role = answer["role"]

    def get(self, path: str, expect: int = 200, **params: Any) -> Any:
        return self._read(self.session.get(self.base + path, params=params, timeout=20), expect)

    def post(self, path: str, body: Any = None, expect: int = 200, **headers: str) -> Any:
        return self._read(
            self.session.post(self.base + path, json=body or {}, headers=_dashed(headers), timeout=20), expect
        )

    def patch(self, path: str, body: Any, expect: int = 200, **headers: str) -> Any:
        return self._read(
            self.session.patch(
                self.base + path,
                data=json.dumps(body, ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json", **_dashed(headers)},
                timeout=20,
            ),
            expect,
        )

    def save(self, draft: str, fields: dict[str, Any], *, base: int = 0, expect: int = 200, **more: Any) -> Any:
        """Save fields of a draft as one device would."""
        ops = [
            {"f": name, "v": value, "base": base, "seq": number}
            for number, (name, value) in enumerate(fields.items(), 1)
        ]
        return self.patch(
            f"/drafts/{draft}",
            {"device": f"test-{self.username}", "schema": 1, "ops": ops, **more},
            expect=expect,
            idempotency_key=str(uuid.uuid4()),
        )

    def _read(self, answer: requests.Response, expect: int) -> Any:
        assert answer.status_code == expect, (answer.request.method, answer.url, answer.status_code, answer.text[:1500])
        self.headers = answer.headers
        if "json" in answer.headers.get("Content-Type", ""):
            return answer.json()
        return answer.content


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
