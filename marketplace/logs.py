"""One JSON line per event, with the request id and the actor's id; never a name, number or address.

Sentry, when SENTRY_DSN is set, gets stack traces and ids: an allow-list, not a block-list.
"""

import logging.config
import re
from typing import Any

import structlog

# Everything else that a log call carries is dropped: personal data cannot slip in by accident.
ALLOWED_KEYS = {
    "event", "level", "logger", "timestamp", "request_id", "user_id", "code", "status", "request", "route", "method",
    "task", "task_id", "topic", "count", "seconds", "error", "exception", "exc_info", "subject", "attempts", "name",
    "parent_task_id", "kind", "stack", "statement",
}  # fmt: skip


# PostgreSQL quotes the offending values: "DETAIL:  Failing row contains (17, Айгүл, …)".
_QUOTED_VALUES = re.compile(r"^(DETAIL|CONTEXT|LINE \d+):.*$", re.MULTILINE)
_QUERY = re.compile(r"\?\S*")
# The token of a link from an SMS is as good as a key.
_LINK_TOKEN = re.compile(r"(?<=/s/)[^/?\s]+")


def keep_allowed(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key in ALLOWED_KEYS}


def hide_values(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Take what people typed out of the texts that are kept: queries, tokens, rows quoted by the database."""
    for key in ("request", "event"):
        if isinstance(event.get(key), str):
            event[key] = without_query(event[key])
    if isinstance(event.get("exception"), str):
        event["exception"] = without_values(event["exception"])
    return event


def without_query(text: str) -> str:
    """``GET /ru/catalog/?q=…`` → ``GET /ru/catalog/``: what people search for is theirs."""
    return _LINK_TOKEN.sub("…", _QUERY.sub("", text))


def without_values(text: str) -> str:
    """An exception's text without the values that the database quotes in it."""
    return _QUOTED_VALUES.sub(r"\1: …", text)


def configure(options: dict[str, Any]) -> None:
    """Called by Django's set-up through LOGGING_CONFIG."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [*shared, structlog.processors.format_exc_info],
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        keep_allowed,
                        hide_values,
                        structlog.processors.JSONRenderer(ensure_ascii=False),
                    ],
                }
            },
            "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["console"], "level": options["level"]},
        }
    )
    start_sentry()


def start_sentry(transport: Any = None) -> None:
    """Error reports without personal data; nothing is sent unless SENTRY_DSN is set."""
    from django.conf import settings

    if not settings.SENTRY_DSN:
        return
    import sentry_sdk
    from sentry_sdk.integrations.logging import ignore_logger

    ignore_logger("django_structlog.middlewares.request")  # the exception itself is reported already
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        transport=transport,
        release=settings.RELEASE,
        server_name="",
        send_default_pii=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        max_request_body_size="never",
        before_send=scrub,
        traces_sample_rate=0.0,
    )


def scrub(event: Any, hint: dict[str, Any]) -> Any:
    """Keep what an engineer needs: the trace, the route, ids. Drop bodies, headers, queries, quoted rows."""
    request = event.get("request") or {}
    event["request"] = {key: request[key] for key in ("method", "url") if key in request}
    if "url" in event["request"]:
        event["request"]["url"] = without_query(event["request"]["url"])
    event.pop("breadcrumbs", None)
    event.pop("extra", None)
    if "user" in event:
        event["user"] = {"id": event["user"].get("id")}
    if "logentry" in event:
        # The message as written in the code, without what was filled in; structlog's is a dictionary.
        written = getattr(hint.get("log_record"), "msg", "")
        event["logentry"] = {"message": written.get("event", "") if isinstance(written, dict) else str(written)}
    for exception in event.get("exception", {}).get("values", []):
        if isinstance(exception.get("value"), str):
            exception["value"] = without_values(exception["value"])
    return event
