"""A price list from its arrival to its end, in slices of some seconds.

A slice is the work of one outbox row: the file is opened again, the parts behind the list's position are done,
each in its transaction, and the next slice's row is added. A killed worker leaves a position and a row that is
handed out again; a row that was handed out twice finds that its slice is over, or that the next part is done.
"""

import hashlib
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path
from uuid import UUID

import structlog
from django.core.files.base import File
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import events, files, outbox
from marketplace.errors import Busy, DomainError, FieldError, Invalid
from marketplace.models import OutboxRow, User
from suppliers.models import Partner, PriceList, PriceListPart
from suppliers.pricelist import columns, reading, sheet
from suppliers.pricelist.applying import PART, apply_part
from suppliers.pricelist.reading import Refused, Row
from suppliers.pricelist.words import WORDS
from suppliers.states import PRICE_LIST

log = structlog.get_logger(__name__)

TOPIC = "price_list.slice"
SLICE_SECONDS = 8.0
MOST_ROWS = 100_000
SMALL = 64 * 1024  # bytes of a file that is done while its sender waits
SECONDS_OF_SENDER = 3.0
PAUSE = timedelta(seconds=20)
MOST_WAITING = 3  # lists of one supplier that are not finished: others want the workers, too
RUNNING = (PriceList.Status.WAITING, PriceList.Status.RUNNING)


class NotScanned(Busy):
    """The supplier has the file: nothing is lost, it comes again."""

    message = _("Price lists cannot be checked right now. Send yours again in some minutes.")
    retry_after = 60


class NotChecked(DomainError):
    code = "not_checked"
    message = _("This price list is not checked to its end yet. Wait for the result, then apply it.")


def receive(
    *, supplier_id: int, sent_by: User | None, upload: File, name: str, dry_run: bool, anew: bool = False
) -> PriceList:
    """Keep a file and queue it; the same content again is the list that is there already.

    It is looked at anew when ``anew`` is asked for, or when another list of the supplier was applied since.
    Call it inside a transaction. Raises Invalid naming ``file``: empty, too large, no price list at all, or too
    many lists are waiting.
    """
    sha256 = _checked(upload)
    # Two uploads of one supplier wait for each other: the second one finds what the first one made.
    Partner.objects.select_for_update(no_key=True).get(pk=supplier_id)
    known = PriceList.objects.filter(supplier=supplier_id, sha256=sha256, dry_run=dry_run).order_by("-round").first()
    if known is not None and not (known.is_finished and (anew or _overtaken(known))):
        return known
    _leave_room(supplier_id)
    price_list = PriceList(
        supplier_id=supplier_id,
        sha256=sha256,
        dry_run=dry_run,
        round=known.round + 1 if known else 1,
        name=Path(name).name[-200:],
        size=upload.size,
        sent_by=sent_by,
    )
    if known is not None:
        price_list.file = known.file.name
    else:
        upload.seek(0)
        price_list.file.save(f"{price_list.pk}.bin", upload, save=False)
    return _queue(price_list)


def send(*, supplier_id: int, sent_by: User | None, upload: File, name: str, dry_run: bool) -> PriceList:
    """``receive`` in a transaction of its own; a small list is done when it returns."""
    with transaction.atomic(durable=True):
        price_list = receive(supplier_id=supplier_id, sent_by=sent_by, upload=upload, name=name, dry_run=dry_run)
    return at_once(price_list)


@transaction.atomic(durable=True)
def apply_checked(*, supplier_id: int, price_list_id: UUID | str, sent_by: User | None) -> PriceList:
    """Apply a list that was checked; a second call gives the list that the first one made."""
    Partner.objects.select_for_update(no_key=True).get(pk=supplier_id)
    checked = PriceList.objects.get(pk=price_list_id, supplier=supplier_id)
    if not checked.dry_run:
        return checked
    if checked.status != PriceList.Status.DONE:
        raise NotChecked
    applied = applied_of(checked)
    if applied is not None:
        return applied
    _leave_room(supplier_id)
    return _queue(
        PriceList(
            supplier_id=supplier_id,
            sha256=checked.sha256,
            dry_run=False,
            round=checked.round,
            name=checked.name,
            size=checked.size,
            file=checked.file.name,
            sent_by=sent_by,
        )
    )


def applied_of(checked: PriceList) -> PriceList | None:
    """The list by which a checked one was applied."""
    same = PriceList.objects.filter(
        supplier=checked.supplier_id, sha256=checked.sha256, dry_run=False, round__gte=checked.round
    )
    return same.order_by("-round").first()


@transaction.atomic(durable=True)
def check_anew(*, supplier_id: int, price_list_id: UUID | str, sent_by: User | None) -> PriceList:
    """Look at the same file again: the market may have changed since."""
    known = PriceList.objects.get(pk=price_list_id, supplier=supplier_id)
    with known.file.open("rb") as content:
        return receive(
            supplier_id=supplier_id, sent_by=sent_by, upload=content, name=known.name, dry_run=True, anew=True
        )


def _checked(upload: File) -> str:
    """The digest of a file that may be a price list."""
    if not upload.size:
        raise Invalid([FieldError("file", "empty", WORDS["empty"])])
    if upload.size > reading.MOST_BYTES:
        raise Invalid([FieldError("file", "too_large", WORDS["too_large"])])
    upload.seek(0)
    try:
        sheet.looks_like(upload.read(sheet.BEGINNING))
    except Refused as refused:
        raise Invalid([FieldError("file", refused.code, WORDS[refused.code])]) from None
    upload.seek(0)
    if not files.scanned(upload):
        raise NotScanned
    upload.seek(0)
    digest = hashlib.sha256()
    for block in upload.chunks():
        digest.update(block)
    return digest.hexdigest()


def _overtaken(known: PriceList) -> bool:
    """Whether another content of the supplier was applied after this list was sent."""
    others = PriceList.objects.filter(supplier=known.supplier_id, dry_run=False, created_at__gt=known.created_at)
    return others.exclude(sha256=known.sha256).exists()


def _leave_room(supplier_id: int) -> None:
    if PriceList.objects.filter(supplier=supplier_id, status__in=RUNNING).count() >= MOST_WAITING:
        message = _("Three of your price lists are being read now. Wait until one is done, then send this one.")
        raise Invalid([FieldError("file", "waiting", message)])


def _queue(price_list: PriceList) -> PriceList:
    price_list.save(force_insert=True)
    events.record(
        kind="price-list.sent",
        subject=f"price-list:{price_list.pk}",
        actor=price_list.sent_by,
        after=price_list.status,
        data={"dry_run": price_list.dry_run, "sha256": price_list.sha256},
    )
    outbox.add(TOPIC, str(price_list.pk), {"slice": 0})
    return price_list


@outbox.handler(TOPIC, talks=True)  # its parts are transactions of their own
def do_slice(row: OutboxRow) -> None:
    """``key`` is the list's id, ``payload`` names the slice."""
    advance(row.key, row.payload["slice"])


def at_once(price_list: PriceList) -> PriceList:
    """Do a small list while its sender waits, at most some seconds; whatever is left, the worker does."""
    if price_list.is_finished or price_list.slice or price_list.size > SMALL:
        return price_list
    try:
        return advance(price_list.pk, 0, seconds=SECONDS_OF_SENDER, patience=SECONDS_OF_SENDER)
    except DatabaseError:  # an offer is held by an order, say: the sender need not hear of it
        log.warning("price_list_left_to_worker")
        return PriceList.objects.get(pk=price_list.pk)


def advance(
    price_list_id: UUID | str, number: int, seconds: float = SLICE_SECONDS, patience: float = reading.SECONDS
) -> PriceList:
    """Do a slice of a list, at most ``seconds`` of its parts; returns the list as it is then.

    A file that gives no row in ``patience`` seconds is too heavy, unless a worker will have more patience.

    Safe to run twice, and by two at once: a part is done by whoever moves the position.
    """
    price_list = PriceList.objects.select_related("sent_by").get(pk=price_list_id)
    if price_list.slice != number or price_list.is_finished:
        return price_list
    if price_list.status == PriceList.Status.WAITING and not _take(price_list, "start"):
        return PriceList.objects.get(pk=price_list_id)
    try:
        ended = _walk(price_list, seconds, patience)
    except Refused as refused:
        _take(price_list, "refuse", refusal={"code": refused.code, "params": refused.params})
    except reading.TooSlow:
        if patience >= reading.SECONDS:
            _take(price_list, "refuse", refusal={"code": "too_heavy", "params": {}})
    else:
        if ended:
            _take(price_list, "finish")
        else:
            _go_on(price_list, taken=ended is None)
    return PriceList.objects.get(pk=price_list_id)


def _walk(price_list: PriceList, seconds: float, patience: float) -> bool | None:
    """Do parts. True at the end of the sheet, False when the time is over, None when somebody else is at work."""
    until = time.monotonic() + seconds
    with reading.opened(Path(price_list.file.path), price_list.position, patience) as opened:
        head = list(islice(opened.rows, min(reading.HEAD, opened.count)))
        layout = columns.find(head)
        rows = opened.count - layout.head
        if rows > MOST_ROWS:
            raise Refused("too_many_rows", found=rows, most=MOST_ROWS)
        if rows < 1:
            raise Refused("no_rows")
        if price_list.rows != rows:
            PriceList.objects.filter(pk=price_list.pk).update(rows=rows)
        seen = _seen(price_list)
        first = max(layout.starts, price_list.position)
        waiting = (row for row in chain(head, opened.rows) if row.number > first)
        for part in _parts(waiting):
            if not apply_part(price_list, part, layout, seen, text=opened.kind == "csv"):
                return None
            if time.monotonic() > until:
                return False
    return True


def _parts(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while part := list(islice(rows, PART)):
        yield part


def _seen(price_list: PriceList) -> dict[str, int]:
    """The articles of the rows that are done, for those that stand twice."""
    parts = PriceListPart.objects.filter(price_list=price_list).values_list("results", flat=True).iterator(20)
    return {sku: number for results in parts for number, sku, kind, _remarks in results if kind != "refused"}


def _go_on(price_list: PriceList, *, taken: bool) -> None:
    """Hand the list on to its next slice, once; a good while later when somebody else works on it now."""
    wait = PAUSE if taken else outbox.NO_TIME
    with transaction.atomic(durable=True):
        moved = PriceList.objects.filter(
            pk=price_list.pk, slice=price_list.slice, status=PriceList.Status.RUNNING
        ).update(slice=F("slice") + 1)
        if moved:
            outbox.add(TOPIC, str(price_list.pk), {"slice": price_list.slice + 1}, wait=wait)


def _take(price_list: PriceList, action: str, **changes: object) -> bool:
    """A step of the list's machine with its event; False when somebody else was first."""
    step = PRICE_LIST.find(action, price_list.status, ["clock"])
    if action != "start":
        changes["finished_at"] = timezone.now()
    with transaction.atomic(durable=True):
        row = PriceList.objects.filter(pk=price_list.pk, status=price_list.status)
        if not row.update(status=step.target, **changes):
            return False
        events.record(
            kind=f"price-list.{action}",
            subject=f"price-list:{price_list.pk}",
            actor=None,
            before=price_list.status,
            after=step.target,
        )
    price_list.status = step.target
    if action != "start":
        log.info("price_list_read", action=action, dry_run=price_list.dry_run, rows=price_list.rows)
    return True
