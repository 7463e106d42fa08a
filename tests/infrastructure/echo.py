"""A web application that says what it was asked: what the servers in front of it made of a message."""

import json
from collections.abc import Callable, Iterable
from typing import Any


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    said = {
        "asked": f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}",
        "body": body.decode("latin-1"),
        "scheme": environ.get("HTTP_X_FORWARDED_PROTO", ""),
    }
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(said).encode()]
