"""That something changed which pages for everybody are made of."""

from django.db import models
from django.db.models.functions import Now


class PageChange(models.Model):
    """One row for each statement that changed such a table, written by triggers (``changes_pages`` in migrations).

    Rows are only counted: a counter in one row would make all writers wait for each other.
    """

    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.pk)
