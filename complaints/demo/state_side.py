"""The demo's state side: a headquarters of Shymkent with a guest, an instruction, a fine, a late task, a recall."""

from datetime import timedelta

from django.utils import timezone

from complaints import bodies, selectors
from complaints.headquarters import leading, working
from complaints.headquarters.models import Board
from complaints.measures import deciding, fines
from complaints.measures.selectors import may_fine
from complaints.models import Complaint
from complaints.states import ESCALATED_STATES, ComplaintStatus
from marketplace.models import User
from marketplace.time import database_now
from orders.models import Line
from suppliers import recalls

REGION, INSPECTOR, MINISTRY, GUEST = "KZ-79", "inspector", "ministry", "guest"


def act() -> bool:
    """Do it once; false when it is there already, or when the demo's accounts are not."""
    people = User.objects.in_bulk([INSPECTOR, MINISTRY, GUEST], field_name="username")
    if len(people) < 3 or Board.objects.exists():
        return False
    _meet(people[INSPECTOR], people[GUEST])
    _measure(people[INSPECTOR], people[MINISTRY])
    _call_back(people[MINISTRY])
    return True


def _call_back(ministry: User) -> None:
    """A lot of diapers that the demo person got last quarter."""
    line = Line.objects.filter(lot="L-2608-220").select_related("partner").first()
    if line is not None and line.product_id is not None:
        recalls.announce(
            product=line.product_id,
            supplier=line.partner.code,
            lot=line.lot,
            texts={
                "reason_kk": "Жабысқақ таспасы теріні тітіркендіреді (демо).",
                "reason_ru": "Клейкая лента раздражает кожу (демо).",
                "what_to_do_kk": "Қолданбаңыз, қаптамасын сақтап қойыңыз.",
                "what_to_do_ru": "Не пользуйтесь, упаковку сохраните.",
            },
            legal_basis="№ 274-IV Заң, 25-бап (демо)",
            actor=ministry,
        )


def _meet(inspector: User, guest: User) -> None:
    now = database_now()
    today = timezone.localdate(now)
    board = leading.open_board(region=REGION, basis="№ 12-НҚ, 01.10.2026 (демо)", actor=inspector, now=now)
    leading.invite(
        board_id=board.pk, username=guest.username, organisation="«Бірге» мүгедектігі бар адамдар қоғамы (демо)",
        actor=inspector, now=now,
    )  # fmt: skip
    for complaint in selectors.visible(inspector).order_by("filed_at", "pk")[:4]:
        leading.share(board_id=board.pk, number=complaint.number, actor=inspector, now=now)
    minutes = working.write_minutes(
        board_id=board.pk,
        held_on=today - timedelta(days=1),
        agenda="1. Жеткізілмеген тауарлар.\n2. Кеңсеге кіру жолы.",
        decisions="1. Дүкендерді бірге тексеру.\n2. Пандустарды суретке түсіру.",
        actor=inspector,
        now=now,
    )
    tasks = [("Үш дүкенді бірге тексеру", inspector, 14), ("Пандустарды суретке түсіру", guest, 7)]
    for title, owner, days in tasks:
        working.add_task(
            board_id=board.pk, minutes_id=minutes.pk, title=title, owner=owner.pk, due_on=today + timedelta(days=days),
            actor=inspector, now=now,
        )  # fmt: skip
    # One that was due yesterday: the clock marks it.
    working.add_task(
        board_id=board.pk, title="Жиналысқа қатысушыларды шақыру", owner=inspector.pk, due_on=today - timedelta(days=1),
        actor=inspector, now=now - timedelta(days=3),
    )  # fmt: skip


def _measure(inspector: User, ministry: User) -> None:
    """A fine in a case that a body has; an instruction in one that is with the ministry."""
    now = database_now()
    known = selectors.visible(inspector).filter(closed_at=None).order_by("filed_at", "pk")
    fined = next((case for case in known if case.supplier_id and may_fine(inspector, case)), None)
    if fined is not None:
        fines.impose(number=fined.number, actor=inspector, article="КоАП РК (демо)", amount="78640", now=now)
    case = Complaint.objects.filter(status=ComplaintStatus.WITH_MINISTRY).order_by("filed_at", "pk").first()
    if case is None:
        case = Complaint.objects.filter(status__in=ESCALATED_STATES).order_by("filed_at", "pk").first()
        if case is None:
            return
        bodies.to_ministry(number=case.number, actor=ministry, reason="Бірнеше өңірде қайталанды.", now=now)
    deciding.instruct(
        number=case.number,
        actor=ministry,
        authority="dtzpp-KZ-79",
        text="Осы өнім берушінің өңірдегі барлық жеткізілімін тексеру.",
        legal_basis="№ 274-IV Заң, 42-4-бап (демо)",
        respond_by=timezone.localdate(now) + timedelta(days=10),
        now=now,
    )
