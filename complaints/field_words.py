"""How the fields of a complaint draft and their values are called, on pages and in notices."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import routing, templates
from complaints.models import Complaint
from complaints.targets import TICKS
from marketplace import regions
from marketplace.drafts.answers import whole_number
from marketplace.drafts.kinds import shown_plainly
from marketplace.models import Draft, User
from orders.models import Line

LABELS = {
    "line": gettext_lazy("Delivered goods"),
    "supplier": gettext_lazy("Supplier"),
    "subject": gettext_lazy("What is wrong?"),
    "sphere": gettext_lazy("What is the complaint about?"),
    "region": gettext_lazy("Where did it happen?"),
    "text": gettext_lazy("What happened?"),
    "demands": gettext_lazy("What do you want?"),
    "demand": gettext_lazy("Something else that you want"),
    "channel": gettext_lazy("How did the complaint come?"),
    "received_on": gettext_lazy("On which day did it come?"),
    "hide_name": gettext_lazy("Do not show my name to the supplier"),
    "about": gettext_lazy("It is about the head of the office or about the body itself"),
    "contact.name": gettext_lazy("Name"),
    "contact.phone": gettext_lazy("Phone"),
    "contact.channel": gettext_lazy("How do we reach you?"),
    "contact.email": gettext_lazy("E-mail"),
    **{f"target.{target}": words for target, words in TICKS.items()},
}


def label(name: str) -> str:
    """The question that a field answers."""
    if name.startswith("answer."):
        question = templates.by_code().get(name.removeprefix("answer."))
        return question.label if question else name
    return str(LABELS.get(name, name))


def in_words(draft: Draft, ops: list[dict[str, Any]]) -> Callable[[str, Any], str]:
    """A log's values as people read them; the lines of orders that it names are read in one query."""
    table, asked = routing.table(), templates.by_code()
    lines = _lines(draft, {number for op in ops if op["f"] == "line" and (number := whole_number(op["v"]))})

    def words(field: str, value: Any) -> str:
        if field.startswith("answer.") and value not in (None, "", []):
            question = asked.get(field.removeprefix("answer."))
            return templates.typed_in_words(question, value) if question else shown_plainly(field, value)
        if field == "line":
            return lines.get(whole_number(value) or 0, "") or shown_plainly(field, value)
        if field == "demands" and isinstance(value, list):
            return ", ".join(
                table.demand_name(code) if code in table.demands else str(code) for code in value
            ) or shown_plainly(field, value)
        return _chosen(table, field, value) or shown_plainly(field, value)

    return words


def _lines(draft: Draft, numbers: set[int]) -> dict[int, str]:
    """Only of the person's own orders: a foreign number stays a number."""
    if not numbers:
        return {}
    rows = Line.objects.filter(pk__in=numbers, order__user__in=[draft.beneficiary_id, draft.author_id])
    return {
        row.pk: _("%(goods)s, order %(number)s") % {"goods": row.title, "number": row.order.number}
        for row in rows.select_related("order")
    }


def _chosen(table: routing.Table, field: str, value: Any) -> str:
    """The chosen word of a list; "" for another one."""
    if not isinstance(value, str):
        return ""
    if field == "region":
        region = regions.find(value)
        return region.name if region else ""
    if field == "subject":
        return table.subject_name(value)
    if field == "sphere":
        return table.sphere_name(value)
    choices = {"channel": Complaint.Channel.choices, "contact.channel": User.Channel.choices}.get(field, [])
    return str(dict(choices).get(value, ""))
