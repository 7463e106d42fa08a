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
# Python's own errors repr what they could not read: "invalid literal for int() with base 10: '+7701…'". PostgreSQL puts names of
# constraints in double quotes, and those an engineer needs.
_REPR = re.compile(r"(?<!\w)'(?:[^'\\\n]|\\.)*'(?!\w)")
_IN_DOUBLE = re.compile(r'"(?!(?:[a-z_]+)")[^"\n]*"')
_DIGITS = re.compile(r"\+?\d[\d \u00a0-]{5,}\d|\d{5,}")
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
    # Libraries put what an exception says into their line: "Task … raised unexpected: KeyError('Айгүл')".
    for key in ("event", "exception", "error"):
        if isinstance(event.get(key), str):
            event[key] = without_values(event[key])
    return event


def without_query(text: str) -> str:
    """``GET /ru/catalog/?q=…`` → ``GET /ru/catalog/``: what people search for is theirs."""
    return _LINK_TOKEN.sub("…", _QUERY.sub("", text))


def without_values(text: str) -> str:
    """An exception's text, with its trace or without, less the values that stand in it.

    Lines of a trace are code and begin with spaces; what an exception says does not.
    """
    lines = _QUOTED_VALUES.sub(r"\1: …", text).split("\n")
    return "\n".join(line if line.startswith(" ") else _without_quoted(line) for line in lines)


def _without_quoted(line: str) -> str:
    return _DIGITS.sub("…", _IN_DOUBLE.sub('"…"', _REPR.sub("'…'", line)))


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
        traces_sample_rate=settings.SENTRY_TRACES,
        before_send_transaction=scrub_trace,
        trace_propagation_targets=[],  # a gateway needs no id of ours
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


KEPT_OF_TRACE = (
    "event_id",
    "type",
    "transaction",
    "transaction_info",
    "start_timestamp",
    "timestamp",
    "release",
    "platform",
    "sdk",
)
KEPT_OF_SPAN = ("span_id", "parent_span_id", "trace_id", "op", "start_timestamp", "timestamp", "status")


def scrub_trace(event: Any, hint: dict[str, Any]) -> Any:
    """Of what took how long: the route or the task by its name, and shapes of statements. No address, no value, nobody."""
    from marketplace.slow_queries import shape

    kept = {key: event[key] for key in KEPT_OF_TRACE if key in event}
    if event.get("transaction_info", {}).get("source") in ("url", "custom"):
        kept["transaction"] = "unmatched"  # no route: then its name is the address itself
    trace = event.get("contexts", {}).get("trace", {})
    kept["contexts"] = {"trace": {key: trace[key] for key in KEPT_OF_SPAN if key in trace}}
    kept["spans"] = []
    for span in event.get("spans", []):
        named = {key: span[key] for key in KEPT_OF_SPAN if key in span}
        if str(span.get("op", "")).startswith("db"):
            named["description"] = shape(span.get("description") or "")
        kept["spans"].append(named)
    return kept
