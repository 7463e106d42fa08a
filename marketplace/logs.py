"""One JSON line per event, with the request id and the actor's id; never a name, number or address.

Sentry, when SENTRY_DSN is set, gets stack traces and ids: an allow-list, not a block-list.
"""

import logging.config
from typing import Any

import structlog

# Everything else that a log call carries is dropped: personal data cannot slip in by accident.
ALLOWED_KEYS = {
    "event", "level", "logger", "timestamp", "request_id", "user_id", "code", "status", "request", "route", "method",
    "task", "task_id", "topic", "count", "seconds", "error", "exception", "exc_info", "subject", "attempts", "name",
    "parent_task_id", "kind", "stack",
}  # fmt: skip


def keep_allowed(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key in ALLOWED_KEYS or key.startswith("_")}


def strip_query(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """``GET /ru/catalog/?q=…`` → ``GET /ru/catalog/``: what people search for is theirs."""
    if isinstance(event.get("request"), str):
        event["request"] = event["request"].split("?", 1)[0]
    return event


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
            strip_query,
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
                        structlog.processors.JSONRenderer(ensure_ascii=False),
                    ],
                }
            },
            "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["console"], "level": options["level"]},
        }
    )
    start_sentry()


def start_sentry() -> None:
    """Error reports without personal data; nothing is sent unless SENTRY_DSN is set."""
    from django.conf import settings

    if not settings.SENTRY_DSN:
        return
    import sentry_sdk

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=settings.RELEASE,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=scrub,
        traces_sample_rate=0.0,
    )


def scrub(event: Any, _hint: dict[str, Any]) -> Any:
    """Keep what an engineer needs: the trace, the route, ids. Drop bodies, headers, queries."""
    request = event.get("request") or {}
    event["request"] = {key: request[key] for key in ("method", "url") if key in request}
    if "url" in event["request"]:
        event["request"]["url"] = event["request"]["url"].split("?", 1)[0]
    event.pop("breadcrumbs", None)
    event.pop("extra", None)
    if "user" in event:
        event["user"] = {"id": event["user"].get("id")}
    return event
