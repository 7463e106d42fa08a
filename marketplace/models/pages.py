"""That something changed which pages for everybody are made of."""

from django.db import models
from django.db.models.functions import Cast, Now

TRANSACTION = Cast(
    Cast(models.Func(function="pg_current_xact_id", output_field=models.TextField()), models.TextField()),
    models.BigIntegerField(),
)


class PageChange(models.Model):
    """One row for each product whose document changed, and for each statement that changed another such table.

    Written by triggers (``changes_pages`` in migrations). ``transaction``: PostgreSQL's number of the changing one, by
    which a reader finds what was committed since it looked, in whatever order. Rows are only added: a counter in one row
    would make all writers wait for each other.
    """

    at = models.DateTimeField(db_default=Now())
    product_id = models.BigIntegerField(null=True)  # null: any page may have changed
    transaction = models.BigIntegerField(db_default=TRANSACTION)

    class Meta:
        indexes = [models.Index(fields=["transaction"], name="page_change_transaction")]

    def __str__(self) -> str:
        return str(self.pk)
