"""People who sign in, the records of those who are served, and who may act for whom."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Upper
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from marketplace.models.places import Authority, Office, Region


class Role(models.TextChoices):
    """What a person is to the portal; rights follow from it together with office, region and supplier."""

    BENEFICIARY = "beneficiary", _("Beneficiary")
    GUARDIAN = "guardian", _("Guardian")
    CASEWORKER = "caseworker", _("Caseworker of a social office")
    SUPPLIER = "supplier", _("Supplier")
    INSPECTOR = "inspector", _("Inspector of consumer protection")
    REVIEWER = "reviewer", _("Reviewer of the ministry")
    HOTLINE = "hotline", _("Operator of 1414")
    AUDITOR = "auditor", _("Auditor")
    ADMIN = "admin", _("Administrator")
    GUEST = "guest", _("Guest of a situational headquarters")


class User(AbstractUser):
    """Anyone with a name here; a child beneficiary is a user who cannot sign in."""

    class Channel(models.TextChoices):
        SMS = "sms", _("SMS")
        CALL = "call", _("Phone call")
        EMAIL = "e-mail", _("E-mail")

    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.BENEFICIARY)
    full_name = models.CharField(_("full name"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    channel = models.CharField(_("notices by"), max_length=10, choices=Channel, default=Channel.SMS)
    language = models.CharField(_("language"), max_length=2, default="kk")
    vision = models.JSONField(_("low-vision settings"), default=dict, blank=True)
    region = models.ForeignKey(
        Region, models.PROTECT, related_name="users", null=True, blank=True, verbose_name=_("region")
    )
    office = models.ForeignKey(
        Office, models.PROTECT, related_name="users", null=True, blank=True, verbose_name=_("social office")
    )
    authority = models.ForeignKey(
        Authority, models.PROTECT, related_name="users", null=True, blank=True, verbose_name=_("authority")
    )
    # Counted up to end every session at once, whatever engine keeps them.
    session_epoch = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    # Somebody else chose the password and knows it: another one is chosen at the next sign-in by it.
    password_given = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
        ]
        indexes = [
            models.Index(fields=["office", "role"], name="user_office_role"),
            # The hotline finds a caller by phone, or by a part of the name of three letters or more.
            models.Index(fields=["phone"], name="user_phone", condition=~models.Q(phone="")),
            GinIndex(OpClass(Upper("full_name"), name="gin_trgm_ops"), name="user_name_parts"),
        ]

    def __str__(self) -> str:
        return self.full_name or self.username

    def get_full_name(self) -> str:
        return self.full_name or super().get_full_name()

    def get_session_auth_hash(self) -> str:
        """What a session must carry to be this person's: another one after the password or the epoch changed."""
        if not self.session_epoch:
            return super().get_session_auth_hash()
        return salted_hmac("session_epoch", f"{self.session_epoch}:{self.password}", algorithm="sha256").hexdigest()


class PersonRecord(models.Model):
    """What the state knows of a beneficiary: identity number (encrypted), address, body measures.

    ``measures`` holds SI integers by measure code, for example ``{"height_mm": 1040, "mass_g": 17000}``.
    """

    user = models.OneToOneField(User, models.CASCADE, related_name="record", verbose_name=_("person"))
    iin_encrypted = models.BinaryField(_("IIN, encrypted"), null=True, editable=False)
    iin_index = models.BinaryField(_("IIN, blind index"), null=True, unique=True, editable=False)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    measures = models.JSONField(_("body measures"), default=dict, blank=True)

    class Meta:
        verbose_name = _("person's record")
        verbose_name_plural = _("persons' records")

    def __str__(self) -> str:
        return str(self.user)


class Guardianship(models.Model):
    """A legal representative acts for a ward until a date, on a named basis."""

    guardian = models.ForeignKey(User, models.CASCADE, related_name="wards", verbose_name=_("guardian"))
    ward = models.ForeignKey(User, models.CASCADE, related_name="guardians", verbose_name=_("ward"))
    basis = models.CharField(_("basis"), max_length=200)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)

    class Meta:
        verbose_name = _("guardianship")
        verbose_name_plural = _("guardianships")
        constraints = [
            models.UniqueConstraint(fields=["guardian", "ward"], name="guardianship_once"),
            models.CheckConstraint(condition=~models.Q(guardian=models.F("ward")), name="guardianship_of_another"),
        ]

    def __str__(self) -> str:
        return f"{self.guardian} → {self.ward}"
