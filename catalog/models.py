"""The catalogue: Oscar's models with what assistive goods need. Oscar's star import stays last.

A *product type* is Oscar's ``ProductClass``: it carries the ISO 9999 code and the attributes a
person chooses by. Quantities are SI integers (mm, g, ml, N, min); pages show cm and kg.
"""

from django.contrib.postgres.fields import ArrayField, BigIntegerRangeField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from oscar.apps.catalogue.abstract_models import (
    AbstractAttributeOption,
    AbstractCategory,
    AbstractProduct,
    AbstractProductAttribute,
    AbstractProductAttributeValue,
    AbstractProductClass,
)

from marketplace.models import User


class Category(AbstractCategory):
    """A shelf of the storefront (domain: ISO class → our shelf)."""

    iso_class = models.CharField(_("ISO 9999 class"), max_length=5, blank=True)


class ProductClass(AbstractProductClass):
    """A product type: what an entitlement names and a person looks for."""

    class IsoMark(models.TextChoices):
        SEEN = "A", _("seen on an EASTIN page")
        STATED = "B", _("stated by a third party")
        KNOWN = "C", _("known from an older edition")
        UNSURE = "D", _("division unsure")

    code = models.SlugField(_("code"), max_length=80, unique=True)
    sort = models.PositiveSmallIntegerField(_("position"), default=0)
    iso_code = models.CharField(_("ISO 9999 code"), max_length=11, blank=True)
    iso_note = models.CharField(_("note on the code"), max_length=250, blank=True)
    iso_mark = models.CharField(_("how sure the code is"), max_length=1, blank=True, choices=IsoMark)
    priority_good = models.BooleanField(_("in the WHO list of 50 priority products"), default=False)
    sphere = models.CharField(_("sphere of complaints"), max_length=30)
    unit = models.CharField(_("unit of the norm"), max_length=12, default="piece")
    made_to_measure = models.BooleanField(_("made to measure"), default=False)
    summary = models.CharField(_("what it is for"), max_length=250, blank=True)
    keywords = models.JSONField(_("everyday words"), default=dict, blank=True)
    shelf = models.ForeignKey(
        Category, models.PROTECT, related_name="product_types", null=True, blank=True, verbose_name=_("shelf")
    )

    class Meta(AbstractProductClass.Meta):
        ordering = ["sort", "code"]
        verbose_name = _("product type")
        verbose_name_plural = _("product types")


class ProductAttribute(AbstractProductAttribute):
    """A parameter of a product type, with its unit, plausible bounds and fit rule.

    ``kind`` → storage: range → ``value_range``, number → ``value_integer``, choice →
    ``value_option``, multi → ``value_multi_option``, flag → ``value_boolean``, text → ``value_text``.
    """

    RANGE = "range"
    TYPE_CHOICES = (*AbstractProductAttribute.TYPE_CHOICES, (RANGE, _("Range")))

    unit = models.CharField(_("unit (SI)"), max_length=8, blank=True)
    shown_unit = models.CharField(_("unit shown to people"), max_length=8, blank=True)
    minimum = models.BigIntegerField(_("smallest plausible value"), null=True, blank=True)
    maximum = models.BigIntegerField(_("largest plausible value"), null=True, blank=True)
    fit = models.JSONField(
        _("fit rule"),
        null=True,
        blank=True,
        help_text='{"measure": "height_mm", "rule": "covers|within|at_least|at_most", "tolerance": 0}',
    )
    common = models.BooleanField(_("asked of every good"), default=False)
    sort = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta(AbstractProductAttribute.Meta):
        ordering = ["sort", "code"]

    def _validate_range(self, value: object) -> None:
        lower, upper = getattr(value, "lower", None), getattr(value, "upper", None)
        if lower is None or upper is None or lower > upper:
            raise ValidationError(_("Give the smallest and the largest value."))


ProductAttribute._meta.get_field("type").choices = ProductAttribute.TYPE_CHOICES


class ProductAttributeValue(AbstractProductAttributeValue):
    value_integer = models.BigIntegerField(_("Integer"), blank=True, null=True, db_index=True)
    # PostgreSQL keeps whole-number ranges half-open: [300, 901) is "300 to 900".
    value_range = BigIntegerRangeField(_("Range"), blank=True, null=True)

    @property
    def _range_as_text(self) -> str:
        return f"{self.value_range.lower}–{self.value_range.upper - 1}"


class AttributeOption(AbstractAttributeOption):
    """``option`` is the code; people see ``label`` in their language."""

    label = models.CharField(_("label"), max_length=120, blank=True)

    def __str__(self) -> str:
        return self.label or self.option


class Product(AbstractProduct):
    class Moderation(models.TextChoices):
        DRAFT = "draft", _("Draft")
        MODERATION = "moderation", _("Being checked")
        PUBLISHED = "published", _("Published")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        RECALLED = "recalled", _("Recalled")

    moderation = models.CharField(_("state"), max_length=12, choices=Moderation, default=Moderation.PUBLISHED)
    brand = models.CharField(_("brand"), max_length=100, blank=True)
    model_name = models.CharField(_("model"), max_length=100, blank=True)

    class Meta(AbstractProduct.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(moderation__in=["draft", "moderation", "published", "withdrawn", "recalled"]),
                name="product_moderation_known",
            )
        ]
        indexes = [models.Index(fields=["product_class", "id"], name="product_by_type")]


class ProductDocument(models.Model):
    """The read model: everything a list, search or product page shows, in one row per product.

    Rebuilt from the catalogue (attributes) and from the suppliers' layer (offer facts); the
    search engines index these rows and nothing else.

    ``parameters``: ``{code: {"kind": …, "min": int, "max": int} | {"kind": …, "value": …}}``;
    ``offers``: the ranked published offers as plain data; ``titles``: ``{"kk", "ru", "en"}``;
    ``words``: everything a person may type for it, folded, for when no search engine answers;
    ``text_hash``: of all that the engines index; they are told of a change only when it differs.
    """

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="document")
    type = models.ForeignKey(ProductClass, models.CASCADE, related_name="documents")
    shelf_slug = models.CharField(max_length=120, blank=True)
    slug = models.CharField(max_length=255, default="")
    brand = models.CharField(max_length=100, blank=True)
    titles = models.JSONField(default=dict)
    texts = models.JSONField(default=dict)
    words = models.TextField(default="")
    model_name = models.CharField(max_length=100, blank=True, default="")
    text_hash = models.CharField(max_length=32, blank=True, default="")
    parameters = models.JSONField(default=dict)
    offers = models.JSONField(default=list)
    offer_count = models.PositiveSmallIntegerField(default=0)
    best_price = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    best_unit_price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    suppliers = ArrayField(models.CharField(max_length=128), default=list)
    regions = ArrayField(models.CharField(max_length=6), default=list)
    score = models.FloatField(default=0)
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["type", "-score", "product"], name="document_type_score"),
            # Which documents changed is asked for all of them: without reading the documents.
            models.Index(fields=["product"], include=["version"], name="document_version"),
            GinIndex(fields=["words"], opclasses=["gin_trgm_ops"], name="document_words"),
        ]

    def __str__(self) -> str:
        return self.titles.get("en") or str(self.pk)


class SearchDebt(models.Model):
    """What the index of a search engine has not taken yet: a product, or everything (``EVERYTHING``).

    Not a foreign key: a product that is gone is owed as well, to be taken out. ``noted_at`` is the last
    time that it was noted; only what was noted before an index read the documents is paid by it.
    """

    EVERYTHING = 0

    engine = models.CharField(max_length=20)
    product_id = models.BigIntegerField()
    since = models.DateTimeField()
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["engine", "product_id"], name="search_debt_once")]

    def __str__(self) -> str:
        return f"{self.engine}: {self.product_id or 'everything'}"


class SearchWord(models.Model):
    """A word of the catalogue as folded by the search: what a slip of the finger is measured against.

    ``weight`` says where it stands: 2 names a type or a brand, 1 a product, 0 only a description. Words are never
    taken out: one that no product has any more finds nothing, and that is right.
    """

    LONGEST = 40

    word = models.CharField(max_length=LONGEST, unique=True)
    weight = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="search_word_likeness")]

    def __str__(self) -> str:
        return self.word


class Measure(models.Model):
    """A body measure that fit rules ask for, entered once by the person."""

    code = models.SlugField(_("code"), primary_key=True)
    unit = models.CharField(_("unit (SI)"), max_length=8)
    shown_unit = models.CharField(_("unit shown to people"), max_length=8)
    minimum = models.PositiveIntegerField(_("smallest plausible value"))
    maximum = models.PositiveIntegerField(_("largest plausible value"))
    name = models.CharField(_("name"), max_length=120)
    how = models.TextField(_("how to measure"), blank=True)
    picture = models.CharField(_("what its picture shows"), max_length=200, blank=True)
    sort = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["sort", "code"]
        verbose_name = _("body measure")
        verbose_name_plural = _("body measures")

    def __str__(self) -> str:
        return self.name


class MeasuredValue(models.Model):
    """One change of one measure of a person: the history that only those see who see the measures.

    The values stand here and not in the event log: they are near to health, and the log is read by more people.
    What holds now stands in the person's record; ``value`` is None where a measure was taken out.
    """

    person = models.ForeignKey(User, models.CASCADE, related_name="measured_values")
    code = models.CharField(max_length=50)
    before = models.PositiveIntegerField(null=True)
    value = models.PositiveIntegerField(null=True)
    actor = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["person", "-id"], name="measured_of_person")]

    def __str__(self) -> str:
        return self.code


from oscar.apps.catalogue.models import *  # noqa: E402,F403
