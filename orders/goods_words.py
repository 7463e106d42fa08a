"""How the questions about a line of goods are called: the form asks with these words, the history repeats them."""

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

PARTS = {
    "entitlement": gettext_lazy("Line of the programme"),
    "offer": gettext_lazy("Offer"),
    "quantity": gettext_lazy("How many packs?"),
    "fallback": gettext_lazy("Next offers"),
    "fitting": gettext_lazy("When and where does a fitting suit you? (optional)"),
}
# The first three by their names: a rule that allows more is asked for by number.
PLACES = (
    gettext_lazy("Whom do we ask first if the supplier declines?"),
    gettext_lazy("Whom do we ask second?"),
    gettext_lazy("Whom do we ask third?"),
    *(format_lazy(gettext_lazy("Whom do we ask next? {number}"), number=number) for number in range(4, 10)),
)
