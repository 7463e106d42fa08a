"""A small server that speaks the draft protocol and fails on demand: draft.js is tested against faults, not luck.

It keeps the rules of ``marketplace/drafts/saving.py`` that a browser can see: replay by key, per-field versions, "the
last writer is the same device", conflicts that destroy nothing. Who is who comes from the cookie ``who``.
"""

import base64
import hashlib
import json
import random
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django import forms
from django.forms.utils import flatatt
from django.template import Context, Template
from django.utils.translation import override

from marketplace.form_fields import DatePartsField
from tests.patience import PATIENCE

STATIC = Path(__file__).resolve().parents[2] / "marketplace" / "static"
PAGE = Template(
    """{% load static %}<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Draft</title>
<link rel="stylesheet" href="/static/app/app.css"></head><body{{ body }}><main><h1>Draft</h1>
<form method="post" novalidate {% if tab_only %}{% tab_draft_attributes "visitor" %}{% else %}{% draft_attributes draft keep_local=keep_local %}{% endif %}>
<input type="hidden" name="csrfmiddlewaretoken" value="{{ token }}">
{% include "components/save_status.html" with saved_at=None sign_in_url="/sign-in" %}
{% form_fields form %}
<button class="govuk-button">Save and continue</button></form>
{% include "account/_unsent.html" %}
<form method="post" action="/sign-out" data-erases><button>Sign out</button></form>
</main><script type="module" src="/static/app/{{ script }}"></script></body></html>"""
)


class DraftForm(forms.Form):
    """Fields named as in an order draft; a dot in the name is part of the contract."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {
            "contact.name": forms.CharField(label="Name"),
            "contact.phone": forms.CharField(label="Phone"),
            "delivery.comment": forms.CharField(label="Comment", widget=forms.Textarea),
            "contact.channel": forms.ChoiceField(
                label="Channel", choices=[("sms", "SMS"), ("call", "Call")], widget=forms.RadioSelect
            ),
            "days": forms.MultipleChoiceField(
                label="Days", choices=[("am", "Morning"), ("pm", "Afternoon")], widget=forms.CheckboxSelectMultiple
            ),
            "delivery.region": forms.ChoiceField(label="Region", choices=[("", "–"), ("KZ-63", "ШҚО"), ("KZ-79", "Шымкент")]),
            "birth": DatePartsField(label="Birth"),
            "consent.terms": forms.BooleanField(label="Consent"),
        }  # fmt: skip


def form_page(
    draft: Any, *, token: str, keep_local: bool = True, tab_only: bool = False, body: dict[str, str] | None = None
) -> str:
    """The page of a draft: of this server's, or of the real engine's. ``body``: attributes as of local_copies."""
    attributes = body or {"data-queue": "/static/app/queue.js"}
    script = "draft.js" if attributes.get("data-local", "open") == "open" else "device.js"
    form = DraftForm(initial={name: entry["v"] for name, entry in draft.fields.items()})
    form.versions = {name: draft.fields.get(name, {"ver": 0})["ver"] for name in form.fields}
    with override("en"):
        page = {"draft": draft, "form": form, "token": token, "keep_local": keep_local, "tab_only": tab_only}
        page |= {"body": flatatt(attributes), "script": script}
        return PAGE.render(Context(page))


@dataclass
class Draft:
    pk: str
    kind: str = "order"
    schema: int = 1
    rev: int = 0
    status: str = "open"
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    conflicts: dict[str, dict[str, Any]] = field(default_factory=dict)
    receipts: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)  # of every save that came, repeated or not
    secret: str = ""  # the draft key


@dataclass
class Fault:
    """``kind``: down, status (with ``status``, ``headers``, ``body``), lost (done, but the answer is dropped), chaos.

    Chaos makes three of five saves fail in one of these ways, always in the same order.
    """

    kind: str
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    methods: tuple[str, ...] = ("PATCH",)
    dice: random.Random = field(default_factory=lambda: random.Random(5))

    def now(self) -> "Fault | None":
        """What happens to this request."""
        if self.kind != "chaos":
            return self
        return self.dice.choice(
            [
                *[None] * 4,
                Fault("down"),
                Fault("lost"),
                Fault("lost"),
                Fault("status", 502, body="<h1>Bad gateway</h1>"),
                Fault("status", 503, body="<h1>Busy</h1>"),
                Fault("status", 401, body="{}"),
            ]
        )


class DraftServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.drafts: dict[str, Draft] = {}
        self.fault: Fault | None = None
        self.token = "first"
        self.saved_by_key = 0
        self.seal = "first-session"
        self.keep_local = True
        self.tab_only = False
        self.script_delay = 0.0
        self.body: dict[str, str] | None = None
        self.signed_in = True
        self.log: list[tuple[float, str, str, int]] = []
        self.largest = 1 << 30
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def reset(self) -> None:
        self.drafts, self.fault, self.token, self.keep_local, self.script_delay = {}, None, "first", True, 0.0
        self.log, self.largest, self.tab_only = [], 1 << 30, False
        self.body, self.signed_in, self.saved_by_key, self.seal = None, True, 0, "first-session"

    def value(self, draft: str, name: str) -> Any:
        found = self.drafts.get(draft)
        return found.fields[name]["v"] if found and name in found.fields else None

    def requests(self, method: str) -> list[float]:
        return [moment for moment, verb, _path, _status in self.log if verb == method]

    def wait_for(self, method: str, status: int, seconds: float = PATIENCE) -> None:
        """Wait until such a request was answered so: a page that waits looks the same before it asked and after."""
        end = time.monotonic() + seconds
        while not any((verb, answer) == (method, status) for _moment, verb, _path, answer in self.log):
            assert time.monotonic() < end, f"no {method} was answered {status}: {self.log}"
            time.sleep(0.02)

    def save(self, pk: str, actor: str, key: str, body: bytes) -> tuple[int, dict[str, Any]]:
        with self.lock:
            draft = self.drafts.setdefault(pk, Draft(pk))
            digest = hashlib.sha256(body).hexdigest()
            draft.keys.append(key)
            if key in draft.receipts:
                known, answer = draft.receipts[key]
                return (200, answer) if known == digest else (422, {"code": "idempotency_key_reused"})
            if draft.status != "open":
                return 409, {"code": "draft_closed"}
            data = json.loads(body)
            results = {op["f"]: _apply(draft, op, actor, data["device"]) for op in data["ops"]}
            draft.rev += 1
            answer = {"rev": draft.rev, "sha256": digest, "r": results}
            draft.receipts[key] = (digest, answer)
            return 200, answer

    def as_data(self, draft: Draft, actor: str) -> dict[str, Any]:
        questions = []
        for name, lost in draft.conflicts.items():
            live = draft.fields[name]
            mine, theirs = (lost, live) if lost["by"] == actor else (live, lost)
            questions.append(
                {"f": name, "yours": mine["v"], "theirs": theirs["v"], "by": theirs["by"], "ver": live["ver"]}
            )
        return {
            "id": draft.pk,
            "rev": draft.rev,
            "status": draft.status,
            "fields": draft.fields,
            "conflicts": questions,
        }

    def resolve(self, draft: Draft, actor: str, data: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self.lock:
            lost, live = draft.conflicts[data["f"]], draft.fields[data["f"]]
            if data["base"] != live["ver"]:
                return 412, {"code": "changed"}
            mine, theirs = (lost, live) if lost["by"] == actor else (live, lost)
            kept = mine if data["pick"] == "mine" else theirs
            draft.fields[data["f"]] = {"v": kept["v"], "ver": live["ver"] + 1, "by": actor, "dev": data["device"]}
            del draft.conflicts[data["f"]]
            draft.rev += 1
            return 200, self.as_data(draft, actor)


def _apply(draft: Draft, op: dict[str, Any], actor: str, device: str) -> dict[str, Any]:
    current = draft.fields.get(op["f"])
    version = current["ver"] if current else 0
    if current and json.dumps(current["v"]) == json.dumps(op["v"]):
        return {"s": "same", "ver": version}
    own = current and current["dev"] == device and current["by"] == actor
    entry = {"v": op["v"], "by": actor, "dev": device}
    if op["base"] >= version or own:
        draft.fields[op["f"]] = {**entry, "ver": version + 1}
        return {"s": "applied", "ver": version + 1}
    draft.conflicts[op["f"]] = {**entry, "base": op["base"]}
    return {"s": "conflict", "ver": version, "theirs": current["v"], "by": current["by"]}


class _Handler(BaseHTTPRequestHandler):
    server: DraftServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PATCH(self) -> None:
        self._serve("PATCH")

    def _serve(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        fault = self.server.fault if path.startswith(("/api/v1/drafts", "/form")) else None
        fault = fault.now() if fault and method in fault.methods else None
        if path.startswith("/static/"):
            return self._static(path)
        if fault and fault.kind == "down":
            self.server.log.append((time.monotonic(), method, path, 0))
            return self._drop()
        if fault and fault.kind == "status":
            return self._answer(method, path, fault.status, fault.body.encode(), "text/html", fault.headers)
        if path == "/form":
            return self._answer(method, path, 200, self._page(), "text/html; charset=utf-8")
        if path == "/api/v1/csrf":
            return self._json(method, path, 200, {"token": self.server.token})
        if path == "/api/v1/session-key":
            key = base64.b64encode(self.server.seal.encode().ljust(32, b".")).decode()
            return self._json(method, path, 200 if self.server.signed_in else 401, {"id": self.server.seal, "key": key})
        if path.startswith("/api/v1/drafts/"):
            return self._api(method, path, body, fault)
        return self._answer(method, path, 200, b"<title>Other page</title>", "text/html")

    def _api(self, method: str, path: str, body: bytes, fault: Fault | None) -> None:
        pk, _slash, verb = path.removeprefix("/api/v1/drafts/").partition("/")
        actor = self._cookie("who")
        if method == "PATCH" and self.headers.get("Draft-Key"):
            return self._save_by_key(path, pk, body)
        if not self.server.signed_in:
            return self._json(method, path, 401, {"code": "sign_in"})
        if method != "GET" and self.headers.get("X-CSRFToken") != self.server.token:
            return self._json(method, path, 403, {"code": "csrf"})
        if method == "PATCH" and len(body) > self.server.largest:
            return self._json(method, path, 413, {"code": "too_large"})
        if method == "PATCH":
            status, answer = self.server.save(pk, actor, self.headers["Idempotency-Key"], body)
            if fault and fault.kind == "lost":
                self.server.log.append((time.monotonic(), method, path, 0))
                return self._drop()
            return self._json(method, path, status, answer)
        draft = self.server.drafts.get(pk)
        if draft is None:
            return self._json(method, path, 404, {"code": "not_found"})
        if verb == "key":
            draft.secret = draft.secret or f"key-of-{pk}"
            return self._json(method, path, 200, {"key": draft.secret, "expires_at": "2099-01-01T00:00:00+05:00"})
        if verb == "resolve":
            return self._json(method, path, *self.server.resolve(draft, actor, json.loads(body)))
        if self.headers.get("If-None-Match") == f'"{draft.rev}"':
            return self._answer(method, path, 304, b"", "application/json")
        return self._json(method, path, 200, self.server.as_data(draft, actor), {"ETag": f'"{draft.rev}"'})

    def _save_by_key(self, path: str, pk: str, body: bytes) -> None:
        """Adds to the draft of this key, without cookies; tells nothing of what stands there."""
        draft = self.server.drafts.get(pk)
        if draft is None or self.headers["Draft-Key"] != draft.secret or self.headers.get("Cookie"):
            return self._json("PATCH", path, 401, {"code": "sign_in"})
        status, answer = self.server.save(pk, "aigul", self.headers["Idempotency-Key"], body)
        self.server.saved_by_key += status == 200
        for result in answer.get("r", {}).values():
            result.pop("theirs", None)
        return self._json("PATCH", path, status, answer)

    def _page(self) -> bytes:
        pk = parse_qs(urlsplit(self.path).query)["draft"][0]
        draft = self.server.drafts.get(pk) or Draft(pk)
        return form_page(
            draft,
            token=self.server.token,
            keep_local=self.server.keep_local,
            tab_only=self.server.tab_only,
            body=self.server.body,
        ).encode()

    def _static(self, path: str) -> None:
        if path.endswith("draft.js"):
            time.sleep(self.server.script_delay)
        kind = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}[path.rsplit(".", 1)[1]]
        self._answer("STATIC", path, 200, (STATIC / path.removeprefix("/static/")).read_bytes(), kind)

    def _cookie(self, name: str) -> str:
        pairs = dict(part.strip().partition("=")[::2] for part in self.headers.get("Cookie", "").split(";"))
        return pairs.get(name, "aigul")

    def _json(self, method: str, path: str, status: int, data: Any, headers: dict[str, str] | None = None) -> None:
        self._answer(method, path, status, json.dumps(data).encode(), "application/json", headers)

    def _answer(
        self, method: str, path: str, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        self.server.log.append((time.monotonic(), method, path, status))
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.close()
