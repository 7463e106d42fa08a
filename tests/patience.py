"""How long a test waits for what must come."""

# Seconds. A wait measures nothing: it ends as soon as the thing is there, and this is for the hopeless case. A first start
# of all programs takes a quiet machine most of a minute, and a busy one of half its speed four times as long.
PATIENCE = 600
# Milliseconds that a page has for what must be seen on it.
PAGE_PATIENCE_MS = 30_000
