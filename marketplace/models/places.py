"""Regions, social offices and the bodies that a complaint can be addressed to."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Region(models.Model):
    """One of the 20 units of Kazakhstan; the code is ISO 3166-2 (``KZ-63``)."""

    code = models.CharField(_("code"), max_length=6, primary_key=True)
    slug = models.SlugField(_("short address"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    short = models.CharField(_("abbreviation"), max_length=6)
    centre = models.CharField(_("centre"), max_length=100, blank=True)
    tile_column = models.PositiveSmallIntegerField(_("column on the tile map"))
    tile_row = models.PositiveSmallIntegerField(_("row on the tile map"))
    sort = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["sort", "code"]
        verbose_name = _("region")
        verbose_name_plural = _("regions")

    def __str__(self) -> str:
        return self.name


class Office(models.Model):
    """A social-protection office: its caseworkers help the people of its district."""

    code = models.SlugField(_("code"), unique=True)
    region = models.ForeignKey(Region, models.PROTECT, related_name="offices", verbose_name=_("region"))
    name = models.CharField(_("name"), max_length=200)
    address = models.CharField(_("address"), max_length=300, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    hours = models.CharField(_("opening hours"), max_length=200, blank=True)
    latitude = models.DecimalField(_("latitude"), max_digits=8, decimal_places=5, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=8, decimal_places=5, null=True, blank=True)

    class Meta:
        ordering = ["region__sort", "code"]
        verbose_name = _("social office")
        verbose_name_plural = _("social offices")

    def __str__(self) -> str:
        return self.name


class Authority(models.Model):
    """A body that examines complaints: a territorial department, a ministry desk, an office's head."""

    class Kind(models.TextChoices):
        CONSUMER_PROTECTION = "consumer_protection", _("Department of trade and consumer protection")
        SOCIAL_CONTROL = "social_control", _("Department of control in social protection")
        EXPERTISE = "medical_social_expertise", _("Medical and social expertise")
        SOCIAL_OFFICE = "social_office", _("Head of the social office")
        COORDINATION = "coordination", _("Regional coordination of employment and social programmes")
        MINISTRY = "ministry", _("Desk of the ministry")
        OTHER = "other", _("Other body")

    code = models.SlugField(_("code"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=40)
    region = models.ForeignKey(
        Region, models.PROTECT, related_name="authorities", null=True, blank=True, verbose_name=_("region")
    )
    office = models.ForeignKey(
        Office, models.PROTECT, related_name="authorities", null=True, blank=True, verbose_name=_("social office")
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, related_name="children", null=True, blank=True, verbose_name=_("one level up")
    )
    name = models.CharField(_("name"), max_length=250)
    contacts = models.JSONField(_("contacts"), default=dict, blank=True)
    hours = models.CharField(_("opening hours"), max_length=200, blank=True)

    class Meta:
        ordering = ["kind", "code"]
        verbose_name = _("authority")
        verbose_name_plural = _("authorities")
        indexes = [models.Index(fields=["kind", "region"], name="authority_kind_region")]

    def __str__(self) -> str:
        return self.name
