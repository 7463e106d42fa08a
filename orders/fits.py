"""Does what stands in an application fit the person? The catalogue's rules over the measures that are known."""

from collections.abc import Iterable

from catalog import fit, selectors
from catalog.fit import Fit
from catalog.models import ProductDocument
from marketplace.drafts import rights
from marketplace.models import Draft, User
from orders.review import Review

RANKS = (fit.FITS, fit.UNKNOWN, fit.DOES_NOT_FIT)
MOST_LOOKED_AT = 30  # of one kind, by their score
MOST_OTHERS = 8


class Fitting:
    """Whether products fit the person of a draft.

    To a helper by code, who may not see body measures, nothing is said: then every answer is None.
    """

    def __init__(self, actor: User, draft: Draft, found: Review):
        self.region = found.answers.region.code if found.answers.region else ""
        self.measures: dict[str, int] | None = None
        if not rights.only_helps(actor, draft):
            assert draft.beneficiary is not None
            known = draft.beneficiary.record.measures
            self.measures = {**known, **found.answers.measures}
        self.titles: dict[int, str] = {}
        self._found: dict[int, Fit] = {}

    def look(self, product_ids: Iterable[int], *, others_of: Iterable[int] = ()) -> dict[int, list[int]]:
        """Read products that were not looked at yet, and the best of whole kinds, in one query at most.

        Returns the products of each kind that are sold in the region, what fits first.
        """
        missing, kinds = set(product_ids) - self.titles.keys(), set(others_of)
        if not missing and not kinds:
            return {}
        rows = ProductDocument.objects.filter(pk__in=missing)
        sold = ProductDocument.objects.filter(offer_count__gt=0)
        if self.region:
            sold = sold.filter(regions__contains=[self.region])
        best = [sold.filter(type=kind).order_by("-score", "product")[:MOST_LOOKED_AT] for kind in kinds]
        read = list(rows.union(*best) if best else rows)
        for row in read:
            self.titles[row.pk] = selectors.title_of(row)
            if self.measures is not None:
                self._found[row.pk] = selectors.fit_of(row, self.measures)
        listed = sorted(read, key=lambda row: (self._rank(row.pk), -row.score, row.pk))
        return {kind: [row.pk for row in listed if row.type_id == kind][:MOST_OTHERS] for kind in kinds}

    def _rank(self, product_id: int) -> int:
        found = self._found.get(product_id)
        return RANKS.index(found.verdict) if found else 0

    def of(self, product_id: int) -> Fit | None:
        """The verdict on a product that was looked at."""
        return self._found.get(product_id)

    def words(self, product_id: int) -> str:
        """The verdict and, where it does not fit, the reason: for the options of a list."""
        found = self.of(product_id)
        if found is None:
            return ""
        return found.label if found.verdict == fit.FITS else f"{found.label}: {found.texts[0]}"
