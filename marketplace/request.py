"""What the layers below HTTP may know of the request: who acts and under which request id.

Set by the middleware and by tasks; read by ``events.record`` and ``access.log_read``.
"""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
