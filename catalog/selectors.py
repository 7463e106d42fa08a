"""For whom a product is looked for, and the documents of products."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import AnonymousUser

from catalog import fit, types
from catalog.models import ProductDocument
from catalog.search.filters import Listed
from catalog.types import ProductType
from marketplace import access
from marketplace.errors import NotFound
from marketplace.models import Role, User
from marketplace.rules import in_language

MOST_WARDS = 20


@dataclass(frozen=True)
class Beneficiary:
    """The person a product must fit; empty for a visitor. ``others``: whom else the actor may choose for."""

    user: User | None = None
    measures: Mapping[str, int] = field(default_factory=dict)
    others: tuple[User, ...] = ()

    @property
    def id(self) -> int | None:
        return self.user.pk if self.user else None

    @property
    def region(self) -> str:
        return (self.user.region_id or "") if self.user else ""


def beneficiary_of(actor: User | AnonymousUser, beneficiary_id: int | None = None) -> Beneficiary:
    """The actor's own self, a ward, or the person an office names.

    A guardian with several wards gets the first when none is named; an office gets nobody. At most one
    query (and a read-log row when an office looks). Raises NotFound for somebody the actor may not act for.
    """
    if not actor.is_authenticated or (beneficiary_id is None and actor.role not in (Role.BENEFICIARY, Role.GUARDIAN)):
        if beneficiary_id is not None:
            raise NotFound
        return Beneficiary()
    people = access.people_of(actor).select_related("record").order_by("pk")
    people = people.defer("record__iin_encrypted", "record__iin_index")
    if actor.role == Role.CASEWORKER and beneficiary_id is not None:
        people = people.filter(pk=beneficiary_id)
    listed = list(people[:MOST_WARDS])
    chosen = next((person for person in listed if beneficiary_id in (None, person.pk)), None)
    if chosen is None:
        if beneficiary_id is not None:
            raise NotFound
        return Beneficiary()
    if actor.role == Role.CASEWORKER:
        access.log_read(actor=actor, person_id=chosen.pk, purpose="fit", subject=f"person:{chosen.pk}")
    return Beneficiary(chosen, chosen.record.measures, tuple(person for person in listed if person != chosen))


def documents(product_ids: Iterable[int]) -> list[ProductDocument]:
    """The documents in the order of the ids; products that have none are left out. One query."""
    wanted = list(product_ids)
    found = ProductDocument.objects.in_bulk(wanted)
    return [found[product_id] for product_id in wanted if product_id in found]


def document(product_id: int) -> ProductDocument:
    """The document of one published product. Raises NotFound."""
    found = ProductDocument.objects.filter(pk=product_id).first()
    if found is None or found.type_id not in types.book().by_id:
        raise NotFound
    return found


def type_of(row: ProductDocument | Listed) -> ProductType:
    return types.book().by_id[row.type_id]


def title_of(row: ProductDocument | Listed) -> str:
    return in_language(row.titles)


def fit_of(row: ProductDocument | Listed, measures: Mapping[str, int]) -> fit.Fit:
    """Whether it fits, with reasons."""
    product_type = type_of(row)
    return fit.verdict(row.parameters, product_type.attributes, measures, made_to_measure=product_type.made_to_measure)
