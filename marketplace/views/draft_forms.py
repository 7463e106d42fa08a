"""A step of a draft as a plain form: fill it from the fields, save what the person changed, settle questions."""

import json
import uuid
from datetime import datetime
from typing import Any

from django.forms import Form
from django.http import HttpRequest
from django.utils.translation import gettext as _

from marketplace import crypto
from marketplace.drafts import deciding, kinds, reading, saving
from marketplace.drafts.saving import PAGE_DEVICE, Op
from marketplace.forms import DraftForm
from marketplace.models import Draft, User


def fill(form: DraftForm, draft: Draft, actor: User, questions: list[dict[str, Any]] | None = None) -> DraftForm:
    """Versions and open questions of the form's fields; names of the other writers in one query at most."""
    form.versions = {name: draft.fields[name]["ver"] if name in draft.fields else 0 for name in form.fields}
    listed = reading.conflicts(actor, draft) if questions is None else questions
    names = (
        {user.pk: str(user) for user in User.objects.filter(pk__in={item["by"] for item in listed})} if listed else {}
    )
    form.conflicts = {
        item["f"]: {
            "yours": item["yours"],
            "theirs": item["theirs"],
            "by": names.get(item["by"], _("Somebody else")),
            "at": datetime.fromisoformat(item["at"]),
            "asks_reason": deciding.asks_reason(actor),
        }
        for item in listed
    }
    return form


def live(draft: Draft) -> dict[str, Any]:
    """The values of the draft's fields, as form data."""
    return {name: entry["v"] for name, entry in draft.fields.items() if entry["v"] is not None}


def save(request: HttpRequest, draft: Draft, form: DraftForm) -> saving.Receipt | None:
    """Save the fields that the person changed; the same form again has the same key and no second effect.

    A field that was left as it was shown is not sent at all, so somebody else's newer answer to it stays
    without a question; nor is one whose question is being answered. None when nothing was changed.
    """
    ops = []
    answered = request.POST.get("_resolve", "").partition(":")[2]
    for number, name in enumerate(form.fields):
        if name == answered or not posted(request, form, name):
            continue
        value = form.fields[name].widget.value_from_datadict(form.data, form.files, name)
        base = _version(request, name)
        if not _alike(value, draft.value(name)) and not _alike(value, _seen(draft, name, base)):
            ops.append(Op(name, value, base, number))
    if not ops:
        return None
    body = json.dumps([[op.field, op.value, op.base] for op in ops], ensure_ascii=False).encode()
    form_key = request.POST.get("_key", "")[:64] or uuid.uuid4().hex
    return saving.save(
        draft_id=draft.pk,
        actor=request.user,
        key=f"form:{form_key}:{crypto.digest('form', body.decode()).hex()}",
        body=body,
        device=request.POST.get("_device", "")[:64] or PAGE_DEVICE,
        schema=kinds.get(draft.kind).schema,
        beneficiary_id=draft.beneficiary_id,
        ops=ops,
    )


def posted(request: HttpRequest, form: Form, name: str) -> bool:
    """Whether the page that was sent had this field: an absent one is no emptied one.

    Of boxes that are not ticked browsers say nothing; their version tells that they were on the page.
    """
    if any(key == name or key.startswith(f"{name}_") for key in request.POST):
        return True
    silent = not form.fields[name].widget.value_omitted_from_data(request.POST, request.FILES, name)
    return silent and f"_ver_{name}" in request.POST


def settle(request: HttpRequest, draft: Draft) -> bool:
    """The button of a question was pressed: keep mine or theirs. False when no question was answered."""
    pick, _colon, name = request.POST.get("_resolve", "").partition(":")
    if name not in draft.conflicts or pick not in {"mine", "theirs"}:
        return False
    saving.resolve(
        draft_id=draft.pk,
        actor=request.user,
        field=name,
        pick=pick,
        base=draft.fields[name]["ver"],
        device=PAGE_DEVICE,
        reason=request.POST.get(f"_reason_{name}", ""),
    )
    return True


def _version(request: HttpRequest, name: str) -> int:
    text = request.POST.get(f"_ver_{name}", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _seen(draft: Draft, name: str, base: int) -> Any:
    """The value that the person's page showed: the version it names, from the log when a newer one is live."""
    entry = draft.fields.get(name)
    if entry is None or base == 0:
        return None
    if entry["ver"] == base:
        return entry["v"]
    for row in draft.saves.filter(ops__contains=[{"f": name, "ver": base}]).order_by("-pk"):
        for op in row.ops:
            if op["f"] == name and op["ver"] == base and op["s"] in {"applied", "resolved"}:
                return op["v"]
    return None


def _alike(left: Any, right: Any) -> bool:
    """Equal for a person: 3 and "3", nothing and an empty text."""
    return _shown(left) == _shown(right)


def _shown(value: Any) -> Any:
    if value is None or value == [] or value is False:
        return ""
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if value is True:
        return "true"
    return str(value).replace("\r\n", "\n")
