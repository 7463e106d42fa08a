"""Price lists: what came, how far it is, and what became of each row."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from suppliers.states import PriceListStatus


class PriceList(models.Model):
    """One file of one supplier, checked (``dry_run``) or applied.

    ``position`` is the number of the last sheet row that is done, written with the part that it belongs to.
    The same content is the same list; ``round`` grows when it is to be looked at anew.
    """

    Status = PriceListStatus

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    supplier = models.ForeignKey("partner.Partner", models.CASCADE, related_name="price_lists")
    sha256 = models.CharField(max_length=64)
    dry_run = models.BooleanField()
    round = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=200)
    file = models.FileField(upload_to="price-lists/%Y/%m")
    size = models.PositiveIntegerField()
    status = models.CharField(_("state"), max_length=12, choices=Status, default=Status.WAITING)
    refusal = models.JSONField(default=dict, blank=True, help_text='why nothing was read: {"code", "params"}')
    rows = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)
    slice = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")
        constraints = [
            models.UniqueConstraint(fields=["supplier", "sha256", "dry_run", "round"], name="price_list_once"),
            models.CheckConstraint(condition=Q(status__in=PriceListStatus.values), name="price_list_status_known"),
            models.CheckConstraint(
                condition=Q(rows__gte=F("created") + F("changed") + F("same") + F("refused")),
                name="price_list_rows_once",
            ),
        ]
        indexes = [models.Index(fields=["supplier", "-created_at"], name="price_lists_of")]

    def __str__(self) -> str:
        return f"{self.name} ({self.supplier_id})"

    @property
    def accepted(self) -> int:
        return self.created + self.changed + self.same

    @property
    def done(self) -> int:
        return self.accepted + self.refused

    @property
    def is_finished(self) -> bool:
        return self.status in (self.Status.DONE, self.Status.REFUSED)


class PriceListPart(models.Model):
    """What became of up to 500 rows, written in their transaction.

    ``results``: ``[row number, article, "created|changed|same|refused", [[cell, code, {facts}], …]]`` for each.
    """

    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="parts")
    start = models.PositiveIntegerField()
    results = models.JSONField()
    remarks = models.PositiveSmallIntegerField(default=0, help_text="rows that something is said about")

    class Meta:
        ordering = ["start"]
        constraints = [models.UniqueConstraint(fields=["price_list", "start"], name="price_list_part_once")]

    def __str__(self) -> str:
        return f"{self.price_list_id}: {self.start}"
