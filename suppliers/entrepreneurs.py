"""The number of an individual entrepreneur is the person's own IIN: kept as in a person's record, shown by its last digits.

It counts as one supplier like any other: its group is its own code unless it belongs to a group of companies.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace import crypto, identity


class Numbered(models.Model):
    """A row with an IIN in place of a BIN."""

    iin_encrypted = models.BinaryField(_("IIN, encrypted"), null=True, editable=False)
    iin_index = models.BinaryField(_("IIN, blind index"), null=True, editable=False)

    class Meta:
        abstract = True

    def put_iin(self, number: str) -> None:
        """Keep the number, none when it is empty; of a saved row only, to whose key it is bound. Does not save."""
        self.iin_index = crypto.blind_index(number) if number else None
        self.iin_encrypted = crypto.encrypt(number, bound_to=self.bound_to) if number else None

    @property
    def iin(self) -> str:
        """The whole number, for services alone."""
        return crypto.decrypt(bytes(self.iin_encrypted), bound_to=self.bound_to) if self.iin_encrypted else ""

    @property
    def iin_shown(self) -> str:
        """Its last digits: what the own people and the ministry see."""
        return identity.masked(self.iin)

    @property
    def bound_to(self) -> str:
        return f"{self._meta.model_name}.iin:{self.pk}"
