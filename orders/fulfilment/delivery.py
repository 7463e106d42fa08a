"""On the way and handed over: the person's code is the proof that she got the goods."""

import hmac
from datetime import date
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace import calendar, crypto, events, files, outbox, rules
from marketplace.errors import DomainError, FieldError, Invalid
from marketplace.models import User
from orders import selectors
from orders.models import Delivery, Line, Order
from orders.steps import Turn, is_made_to_measure, turn
from suppliers import recalls
from suppliers.models import Partner

LONGEST_LOT = 80


class TooManyAttempts(DomainError):
    """Only the person or her social office can go on."""

    code = "attempts_used_up"


def ship(*, number: str, actor: User) -> Order:
    """The goods leave the supplier; the date of delivery stays. A new attempt has new tries for the code."""
    with turn(number, "ship", actor) as now:
        if not selectors.may_try_again(now.order):
            raise TooManyAttempts(
                _("All delivery attempts failed. The social office calls the person; wait for the decision.")
            )
        return _finish_with_old_date(now, code_attempts=0)


def fail_delivery(*, number: str, actor: User, reason: str = "") -> Order:
    """Nobody took the goods; after the last attempt (rule ``order.delivery_attempts``) the office calls the person."""
    with turn(number, "fail-delivery", actor) as now:
        note = (reason or "").strip()[:300]
        failed = now.order.delivery_attempts + 1
        _record_attempt(now, Delivery.Outcome.FAILED, note=note)
        if failed < int(rules.get(selectors.ATTEMPTS_RULE, on=now.today).value["count"]):
            return _finish_with_old_date(now, reason=note, delivery_attempts=failed)
        return now.finish(
            reason=note,
            delivery_attempts=failed,
            due_at=calendar.end_of_day(now.today),
            due_rule=selectors.ATTEMPTS_RULE,
        )


def deliver(
    *,
    number: str,
    actor: User,
    code: str,
    lots: dict[str, str] | None = None,
    photo: files.Picture | None = None,
    note: str = "",
) -> Order:
    """Hand the goods over against the person's code; ``lots`` holds lot or serial numbers by line id,
    ``photo`` a picture that was drawn anew before (``files.draw``).

    The time to check them runs (``order.acceptance_days``, for goods made to measure
    ``order.trial_days``). A wrong code is counted even though the step is refused: Invalid, and
    TooManyAttempts after the last try of this attempt (rule ``order.delivery_code_attempts``).
    """
    with turn(number, "deliver", actor) as now:
        checked = _checked_lots(now.lines, lots or {})
        refusal = _check_code(now, code)
        if refusal is None:
            return _hand_over(now, checked, photo, note)
    raise refusal


def _check_code(now: Turn, code: str) -> DomainError | None:
    """Counts a wrong code; compares in constant time, so that no digit can be felt out."""
    tries = int(rules.get("order.delivery_code_attempts").value["count"])
    if now.order.code_attempts >= tries:
        return TooManyAttempts(_("Too many wrong codes. Record a failed delivery; the social office calls the person."))
    if hmac.compare_digest((code or "").strip().encode(), crypto.code("delivery", now.order.number).encode()):
        return None
    Order.objects.filter(pk=now.order.pk).update(code_attempts=F("code_attempts") + 1)
    events.record(
        kind="order.wrong_code",
        subject=f"order:{now.order.number}",
        actor=now.actor,
        on_behalf_of=now.order.user,
        before=now.order.status,
        after=now.order.status,
        at=now.now,
    )
    left = tries - now.order.code_attempts - 1
    message = ngettext(
        "This is not the person's code. %(left)s try is left.",
        "This is not the person's code. %(left)s tries are left.",
        left,
    ) % {"left": left}
    return Invalid([FieldError("code", "wrong", message)])


def _checked_lots(lines: list[Line], lots: Any) -> dict[str, str]:
    own = {str(line.pk) for line in lines}
    errors = []
    if not isinstance(lots, dict):
        raise Invalid([FieldError("lots", "dict", _("Give lot numbers by line."))])
    for key, value in lots.items():
        if str(key) not in own:
            errors.append(FieldError(f"lots.{key}", "unknown", _("This order has no such line.")))
        elif not isinstance(value, str) or len(value) > LONGEST_LOT:
            errors.append(FieldError(f"lots.{key}", "too_long", _("A lot number has 80 letters at most.")))
    if errors:
        raise Invalid(errors)
    given = {str(key): " ".join(value.split()) for key, value in lots.items() if value.strip()}
    _refuse_called_back(lines, given)
    return given


def _refuse_called_back(lines: list[Line], given: dict[str, str]) -> None:
    """Goods of a lot that is called back stay with the supplier."""
    if not given:
        return
    named = [line for line in lines if str(line.pk) in given]
    running = recalls.called_back((line.partner_id, line.product_id, given[str(line.pk)]) for line in named)
    back = {(recall.product_id, recall.lot.casefold()) for recall in running}
    message = _("This lot is called back. Do not hand it over: bring goods of another lot.")
    errors = [
        FieldError(f"lots.{line.pk}", "called_back", message)
        for line in named
        if (line.product_id, given[str(line.pk)].casefold()) in back
    ]
    if errors:
        raise Invalid(errors)


def _hand_over(now: Turn, lots: dict[str, str], photo: files.Picture | None, note: str) -> Order:
    first = not now.order.deliveries.filter(outcome=Delivery.Outcome.DELIVERED).exists()
    kept = photo and files.keep(
        picture=photo, subject=f"order:{now.order.number}", purpose="delivery", owner=now.person
    )
    _record_attempt(now, Delivery.Outcome.DELIVERED, code_checked=True, lots=lots, photo=kept, note=note[:300])
    for line in now.lines:
        if str(line.pk) in lots:
            Line.objects.filter(pk=line.pk).update(lot=lots[str(line.pk)])
    if first:
        _count_quality(now.order, len(now.lines), now.today)
    trial = any(is_made_to_measure(line) for line in now.lines)
    due = calendar.deadline("order.trial_days" if trial else "order.acceptance_days", now.today)
    return now.finish(
        due=due,
        data={"lots": len(lots), "photo": photo is not None},
        offers=[line.stockrecord_id for line in now.lines],
    )


def _count_quality(order: Order, lines: int, today: date) -> None:
    """Facts behind the supplier's rank: delivered lines, and those not later than promised."""
    on_time = lines if order.promised_on is None or today <= order.promised_on else 0
    Partner.objects.filter(pk=order.partner_id).update(
        delivered_lines=F("delivered_lines") + lines, on_time_lines=F("on_time_lines") + on_time
    )
    outbox.add("supplier.changed", str(order.partner_id))


def _record_attempt(now: Turn, outcome: str, **facts: Any) -> None:
    Delivery.objects.create(
        order=now.order, attempt=now.order.deliveries.count() + 1, outcome=outcome, at=now.now, by=now.person, **facts
    )


def _finish_with_old_date(now: Turn, *, reason: str = "", **changes: Any) -> Order:
    """The day of delivery was fixed when the supplier confirmed; a step on the way does not move it."""
    due_at, due_rule = now.order.due_at, now.order.due_rule
    return now.finish(reason=reason, due_at=due_at, due_rule=due_rule, **changes)
