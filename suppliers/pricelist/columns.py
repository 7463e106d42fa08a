"""What the columns of a price list mean: by their codes, by our templates' names in three languages, by habit."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from suppliers.pricelist.reading import HEAD, Refused, Row

LABELS = {
    "sku": _("Article"),
    "product": _("Product code"),
    "title": _("Name of the product"),
    "price": _("Price of a pack, ₸"),
    "stock": _("Packs free to be ordered"),
    "pack_size": _("Units in a pack"),
    "lead_days": _("Days to deliver"),
    "warranty": _("Warranty, months"),
    "regions": _("Regions"),
    "delivery": _("Delivery of one order, ₸ (0: in the price)"),
}
CODES = tuple(LABELS)
# As the programs of shops call them.
HABITS = {
    "sku": {"артикул", "код товара поставщика", "article", "тауар артикулі"},
    "product": {"код товара", "код", "тауар коды"},
    "title": {"наименование", "название", "номенклатура", "атауы", "тауар", "name"},
    "price": {"цена", "цена, ₸", "цена, тг", "цена с ндс", "баға", "бағасы"},
    "stock": {"остаток", "количество", "наличие", "кол-во", "қалдық", "саны", "quantity"},
    "pack_size": {"в упаковке", "штук в упаковке", "қаптамада"},
    "lead_days": {"срок доставки", "дней до доставки", "жеткізу мерзімі"},
    "warranty": {"гарантия", "кепілдік"},
    "regions": {"регионы", "өңірлер"},
    # Not "доставка" alone: shops write words below it.
    "delivery": {"стоимость доставки", "цена доставки", "жеткізу құны", "жеткізу бағасы", "delivery price"},
}


@dataclass(frozen=True)
class Layout:
    """Code of a column → its place from 0; ``starts`` is the row number behind the names, ``head`` how many rows
    that are not empty stand up to there."""

    places: dict[str, int]
    starts: int
    head: int

    @property
    def last(self) -> int:
        return max(self.places.values())


@cache
def _meanings() -> dict[str, str]:
    found = {word: code for code, words in HABITS.items() for word in words}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {_folded(str(label)): code for code, label in LABELS.items()}
    return found | {code: code for code in CODES}


def _folded(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").casefold().split())


def _read(row: Row) -> dict[str, int]:
    """The columns that a row names, the first of two with one meaning."""
    places: dict[str, int] = {}
    for place, cell in enumerate(row.cells):
        meaning = _meanings().get(_folded(cell)) if isinstance(cell, str) else None
        if meaning:
            places.setdefault(meaning, place)
    return places


def find(rows: Iterable[Row]) -> Layout:
    """The layout by the first HEAD rows, a row of codes under the names included.

    Raises Refused when no row names an article or a product code together with a price or a stock.
    """
    layout = None
    for seen, row in enumerate(rows, 1):
        places = _read(row)
        if layout is not None:
            under = {code: place for code, place in places.items() if row.cell(place) == code}
            if under == layout.places:
                layout = Layout(under, row.number, seen)
            break
        if places.keys() & {"sku", "product"} and places.keys() & {"price", "stock"}:
            layout = Layout(places, row.number, seen)
        if seen >= HEAD:
            break
    if layout is None:
        raise Refused("no_columns")
    return layout
