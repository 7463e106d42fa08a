"""What follows from a changed search document: the engines' indexes."""

from catalog import search
from catalog.search import documents
from marketplace import outbox
from marketplace.models import OutboxRow


# The indexes lie outside the database: no transaction stays open while they are written.
@outbox.handler(documents.TOPIC, talks=True)
def index(row: OutboxRow) -> None:
    search.write(row.payload["products"])
