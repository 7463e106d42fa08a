"""Template tags and filters of the portal's pages. Built in: no ``{% load %}`` is needed.

The components themselves are templates (templates/components/README.md lists them with their parameters).
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BoundField
from django.forms.utils import flatatt
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from marketplace import formats
from marketplace.templatetags import controls

register = template.Library()

# A status is a word; its colour only repeats it. Words not listed here are blue: "it is going on".
STATUS_COLOURS = {
    "grey": "draft open imported closed cancelled withdrawn discarded expired duplicate_linked carried_over unknown",
    "yellow": (
        "created moderation quarantined suspended registered with_seller sent submitted delivered waiting_person"
        " outcome_check outcome_call outcome_panel settled_offer reimbursement_pending held pending disputed does_not_fit"
    ),
    "green": (
        "active approved published fits accepted accepted_with_remarks paid refund_released satisfied explained"
        " settled won done"
    ),
    "red": (
        "declined timed_out failed failed_delivery rejected ignored refused refused_by_law recalled blocked lost late"
        " danger terminated"
    ),
    "purple": "escalated with_body with_ministry pretrial court lawsuit redirected",
}
_COLOUR_OF = {status: colour for colour, statuses in STATUS_COLOURS.items() for status in statuses.split()}


# --- Filters: how values read -------------------------------------------------------------


@register.filter
def money(value: Decimal | int | str | None) -> str:
    """``{{ offer.price|money }}`` → ``305 374,72 ₸``. Nothing for ``None``."""
    return "" if value in (None, "") else formats.money(value)


@register.filter
def date_long(value: date | datetime | None) -> str:
    """``{{ order.due_at|date_long }}`` → ``5 декабря 2026 г.``"""
    return formats.date_long(value) if value else ""


@register.filter
def datetime_short(value: datetime | None) -> str:
    """``{{ event.at|datetime_short }}`` → ``05.12.2026, 14:30`` in Kazakhstan."""
    return formats.datetime_short(value) if value else ""


@register.filter
def clock(value: datetime | None) -> str:
    """``{{ draft.updated_at|clock }}`` → ``14:30``."""
    return formats.clock(value) if value else ""


@register.filter
def timestamp(value: datetime | None) -> str:
    """``<time datetime="{{ event.at|timestamp }}">`` → ``2026-12-05T14:30:00+05:00``; HTML knows no microseconds."""
    return formats.timezone.localtime(value).isoformat(timespec="seconds") if value else ""


@register.filter
def days_until(value: date | datetime | None) -> str:
    """``{{ complaint.due_at|days_until }}`` → ``in 4 days``, ``today``, ``2 days late``."""
    return formats.days_until(formats.local_date(value)) if value else ""


@register.filter
def is_late(value: date | datetime | None) -> bool:
    """True when the local day is over: a deadline counts as missed on the next day, not one second later."""
    return bool(value and formats.local_date(value) < formats.local_date(timezone.now()))


@register.filter
def quantity(value: int | Decimal | None, unit: str = "piece") -> str:
    """``{{ line.quantity|quantity:"pack" }}`` → ``3 packs``."""
    return "" if value is None else formats.quantity(value, unit)


@register.simple_tag
def packs(count: int, pack_size: int, unit: str = "piece") -> str:
    """``{% packs 3 30 %}`` → ``3 packs (90 pieces)``."""
    return formats.packs(count, pack_size, unit)


@register.simple_tag
def pieces_and_packs(count: int, pack_size: int, unit: str = "piece") -> str:
    """``{% pieces_and_packs 245 30 %}`` → ``245 pieces (8 packs)``: what is left of a norm, and how many packs fit."""
    return formats.pieces_and_packs(count, pack_size, unit)


@register.filter
def add_error_prefix(title: str, form: BaseForm | None) -> str:
    """``Error: `` before the page title when the form has errors. base.html does it for a context variable ``form``."""
    return _("Error: %(title)s") % {"title": title} if form is not None and form.errors else title


# --- Tags: links and states ------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def query_replace(context: Context, **changes: Any) -> str:
    """``?…`` with some parameters changed: ``{% query_replace page=2 sort="price" %}``; ``None`` or "" removes one."""
    query = dict(context["request"].GET.lists())
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = [str(value)]
    return f"?{urlencode(query, doseq=True)}"


@register.inclusion_tag("components/tag.html")
def status_tag(status: str, label: str) -> dict[str, str]:
    """``{% status_tag order.status order.get_status_display %}``."""
    return {"text": label, "colour": _COLOUR_OF.get(str(status), "blue")}


@register.simple_tag
def draft_attributes(draft: Any, beneficiary: int | None = None, *, keep_local: bool = True) -> SafeString:
    """Attributes that hand a ``<form>`` over to draft.js: ``<form method="post" {% draft_attributes draft %}>``.

    ``keep_local=False``: nothing typed stays on the device, also on one that is not shared.
    """
    attributes: dict[str, Any] = {
        "data-draft": draft.pk,
        "data-kind": draft.kind,
        "data-schema": draft.schema,
        "data-rev": draft.rev,
        "data-patch-url": f"/api/v1/drafts/{draft.pk}",
    }
    if beneficiary:
        attributes["data-beneficiary"] = beneficiary
    # The name under which this device lists the draft when no server answers.
    if getattr(draft, "beneficiary", None):
        attributes["data-label"] = str(draft.beneficiary)
    if not keep_local:
        attributes["data-local"] = "off"
    return flatatt(attributes)


@register.simple_tag
def tab_draft_attributes(name: str) -> SafeString:
    """The form of a visitor without an account: draft.js keeps the text in the browser's tab until it is sent.

    The page after sending carries ``<div data-draft-done="<name>"></div>``.
    """
    return flatatt({"data-draft": name})


# --- Tags: components that compute ---------------------------------------------------------------


@register.simple_tag(takes_context=True)
def form_field(context: Context, field: BoundField, **options: Any) -> SafeString:
    """A whole form control: label, hint, error, versions and conflict of a draft.

    Options, all optional: ``heading=True`` (the label is the page's ``<h1>``), ``size`` (s, m, l), ``hint``,
    ``optional=True`` (adds "(optional)"), ``width`` (2 3 4 5 10 20 30), ``prefix``, ``suffix``, ``inline=True``
    (radios), ``rows`` (textarea).
    """
    return controls.render(field, options, context)


@register.simple_tag(takes_context=True)
def form_fields(context: Context, form: BaseForm) -> SafeString:
    """Every field of a form, in its order."""
    return SafeString("".join(controls.render(field, {}, context) for field in form))  # nosec B703


@register.inclusion_tag("components/error_summary.html")
def error_summary(*forms: BaseForm) -> dict[str, object]:
    """``{% error_summary form other_form %}``: first thing on the page; nothing when there is no error."""
    return {"errors": [error for form in forms for error in controls.errors_of(form)]}


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: Context, page: Page) -> dict[str, object]:
    """``{% pagination page %}`` for a Django ``Page``; keeps the rest of the query."""

    def link(number: int) -> str:
        return query_replace(context, page=number)

    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return {
        "previous_url": link(page.previous_page_number()) if page.has_previous() else "",
        "next_url": link(page.next_page_number()) if page.has_next() else "",
        "items": [
            {"number": number, "url": link(number) if isinstance(number, int) else "", "current": number == page.number}
            for number in numbers
        ],
    }


@register.inclusion_tag("components/table.html")
def table(**options: Any) -> dict[str, object]:
    """``{% table id="orders" caption=… columns=… rows=… %}``; parameters in the component."""
    columns = options["columns"]
    return options | {
        "rows": [
            [
                {"value": cell, "numeric": column.get("numeric", False)}
                for column, cell in zip(columns, row, strict=True)
            ]
            for row in options["rows"] or []
        ]
    }


@register.inclusion_tag("components/bar_table.html")
def bar_table(rows: Iterable[dict[str, Any]], **options: Any) -> dict[str, object]:
    """A chart that is a table: ``{% bar_table rows id=… caption=… label_heading=… value_heading=… %}``.

    A row is ``{"label", "value": number, "text"?: shown value, "url"?}``; the longest bar is the largest value, or
    ``maximum=``. Widths are whole per cents written in Python, because a localised "74,5" would break the SVG.
    """
    listed = [dict(row) for row in rows]
    top = max([float(options.get("maximum") or 0), *(float(row["value"]) for row in listed)], default=0) or 1
    for row in listed:
        row["width"] = str(min(100, max(0, round(float(row["value"]) * 100 / top))))
        row["shown"] = row.get("text") or formats.group_digits(row["value"])
        row["url"] = row.get("url", "")
    return {
        "rows": listed,
        "id": options["id"],
        "caption": options["caption"],
        "label_heading": options["label_heading"],
        "value_heading": options["value_heading"],
    }


class _WrapNode(template.Node):
    def __init__(self, name: FilterExpression, options: dict[str, FilterExpression], nodelist: NodeList) -> None:
        self.name, self.options, self.nodelist = name, options, nodelist

    def render(self, context: Context) -> str:
        options = {key: value.resolve(context) for key, value in self.options.items()}
        assert context.template is not None  # a node is only rendered within its template
        component = context.template.engine.get_template(f"components/{self.name.resolve(context)}.html")
        with context.push(**options, body=self.nodelist.render(context)):
            return component.render(context)


@register.tag
def wrap(parser: Parser, token: Token) -> _WrapNode:
    """``{% wrap "details" summary=… %}rich content{% endwrap %}``: a component around a block of the page."""
    parts = token.split_contents()
    if len(parts) < 2:
        raise template.TemplateSyntaxError("{% wrap %} needs the name of a component")
    options = token_kwargs(parts[2:], parser)
    nodelist = parser.parse(("endwrap",))
    parser.delete_first_token()
    return _WrapNode(parser.compile_filter(parts[1]), options, nodelist)


@register.simple_tag
def tile_class(column: int, row: int) -> SafeString:
    """The place of a region on the tile map (0-based, from the region's row in the database)."""
    return format_html("app-tiles__c{} app-tiles__r{}", column + 1, row + 1)
