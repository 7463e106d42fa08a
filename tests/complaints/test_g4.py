"""Guarantee G4 as a machine: whatever people do and however long the clock sleeps, every complaint is answered or passed on.

``G4_RUNS=full`` plays 300 stories, a number as many; without it enough to catch a plain mistake in half a minute.
"""

import os
from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from complaints import clocks, selectors
from complaints.models import Complaint, ComplaintStep
from complaints.states import COMPLAINT, DATED_STATES
from marketplace.errors import DomainError
from marketplace.models import Event, Role, User
from tests.complaints.factories import (
    at,
    make_complaint,
    make_inspector,
    make_line,
    make_person,
    make_reviewer,
    make_seller,
    make_supplier,
    make_user,
)  # fmt: skip
from tests.complaints.test_transitions import STEPS

PLAYED = {"": 8, "full": 300}
RUNS = os.environ.get("G4_RUNS", "")
QUICK = settings(
    max_examples=PLAYED.get(RUNS) or int(RUNS),
    stateful_step_count=16,
    deadline=None,
    derandomize=not RUNS,
    database=None,
    suppress_health_check=list(HealthCheck),
    verbosity=Verbosity.quiet,
)
# A day is late from its first minute after midnight; beat sweeps each minute.
LATE = timedelta(minutes=5)


class Loop(RuleBasedStateMachine):
    """One person, one supplier, the bodies, the hotline and the ministry, and a clock that may sleep."""

    def __init__(self):
        super().__init__()
        # Each story undoes itself; durable transactions of the services are savepoints inside, as in any test.
        self.story = transaction.atomic()
        self.story._from_testcase = True
        self.story.__enter__()

    def teardown(self):
        transaction.set_rollback(True)
        self.story.__exit__(None, None, None)

    @initialize()
    def people_arrive(self):
        self.now, self.swept_at = at("2026-11-22 10:00"), None
        self.person, self.supplier = make_person(), make_supplier()
        self.seller, self.operator = make_seller(self.supplier), make_user("operator", Role.HOTLINE)
        self.reviewers = [make_reviewer(name) for name in ("dana", "erlan", "asel")]

    # --- What people do ---------------------------------------------------------------------------

    @precondition(lambda self: Complaint.objects.count() < 3)
    @rule(subject=st.sampled_from(["defect", "danger", "short_quantity", "late"]), phone=st.booleans())
    def file(self, subject, phone):
        line = make_line(person=self.person, supplier=self.supplier)
        complaint = make_complaint(person=self.person, line=line, subject=subject, now=self.now)
        if not phone:
            Complaint.objects.filter(pk=complaint.pk).update(contact={})
        self.swept_at = None

    @precondition(lambda self: Complaint.objects.exists())
    @rule(data=st.data())
    def take_a_legal_step(self, data):
        complaint = data.draw(st.sampled_from(list(Complaint.objects.order_by("pk"))), label="complaint")
        legal = self._legal(complaint)
        if not legal:
            return
        action, actor = data.draw(st.sampled_from(legal), label="step")
        service, given = STEPS[action]
        if action == "link-duplicate":
            other = data.draw(st.sampled_from(list(Complaint.objects.order_by("pk"))), label="other")
            given = {"duplicate_of": other.number}
        before = list(Complaint.objects.order_by("pk").values()), Event.objects.count()
        try:
            service(number=complaint.number, actor=actor, now=self.now, **given)
        except DomainError:
            assert (list(Complaint.objects.order_by("pk").values()), Event.objects.count()) == before
        self.swept_at = None

    def _legal(self, complaint):
        """Every step that somebody with the right may take now."""
        actors = [self.person, self.seller, self.operator, *self.reviewers]
        body = complaint.addressee_authority
        if body is not None and body.kind != "ministry":
            name = f"of-{body.code}"
            actors.append(User.objects.filter(username=name).first() or make_inspector(name, body.code))
        return [
            (action, actor)
            for actor in actors
            for action in COMPLAINT.actions(complaint.status, selectors.parties(actor, complaint))
            if action in STEPS and selectors.visible(actor).filter(pk=complaint.pk).exists()
        ]

    # --- Time -------------------------------------------------------------------------------------

    @rule(days=st.integers(1, 12))
    def days_go_by_under_a_working_clock(self, days):
        """Beat sweeps all the time; here at the first minute of each day."""
        for _day in range(days):
            tomorrow = timezone.localtime(self.now).date() + timedelta(days=1)
            self.now = at(f"{tomorrow} 00:01")
            self.sweep()
            self.nothing_is_overdue()

    @rule(hours=st.integers(1, 400))
    def the_clock_sleeps(self, hours):
        self.now += timedelta(hours=hours)
        self.swept_at = None

    @rule()
    def sweep(self):
        assert clocks.run(self.now).failed == 0
        self.swept_at = self.now

    @precondition(lambda self: self.swept_at == self.now)
    @rule()
    def a_second_sweep_does_nothing(self):
        before = list(Complaint.objects.order_by("pk").values()), Event.objects.count(), ComplaintStep.objects.count()
        clocks.run(self.now)
        after = list(Complaint.objects.order_by("pk").values()), Event.objects.count(), ComplaintStep.objects.count()
        assert after == before

    # --- What always holds --------------------------------------------------------------------------

    @invariant()
    def nothing_is_overdue(self):
        """Right after a sweep no time is over, but of bodies that are late and of whom the ministry was told."""
        if self.swept_at is None:
            return
        told = set(ComplaintStep.objects.values_list("complaint_id", "step"))
        for complaint in Complaint.objects.filter(status__in=DATED_STATES, due_at__lt=self.swept_at - LATE):
            assert (complaint.pk, f"overdue:{complaint.respond_by}") in told, (complaint.status, complaint.respond_by)

    @invariant()
    def who_owes_an_answer_has_a_date(self):
        assert not Complaint.objects.filter(status__in=DATED_STATES, respond_by=None).exists()

    @invariant()
    def the_clock_moves_once_and_never_early(self):
        moved = Counter()
        for event in Event.objects.filter(kind__in=["complaint.ignored", "complaint.overdue"]):
            moved[event.subject, event.kind, event.data["respond_by"]] += 1
            day, hour_clock = (
                event.data["respond_by"],
                Complaint.objects.filter(number=event.subject.partition(":")[2], subject="danger").exists(),
            )
            local = f"{timezone.localtime(event.at).date()}"
            assert local >= day if hour_clock else local > day, (event.kind, local, day)
        assert all(count == 1 for count in moved.values()), moved
        steps = Counter(ComplaintStep.objects.values_list("complaint_id", "step"))
        assert all(count == 1 for count in steps.values()), steps

    @invariant()
    def satisfied_is_somebodys_word(self):
        for complaint in Complaint.objects.filter(outcome="satisfied"):
            kinds = {"person": "confirmed", "phone": "confirmed", "panel": "confirmed_by_panel"}
            word = f"complaint.{kinds[complaint.confirmed_by]}"
            assert Event.objects.filter(subject=f"complaint:{complaint.number}", kind=word).exists()

    @invariant()
    def closed_stays_closed_but_for_one_reopening(self):
        opened = Counter(
            Event.objects.filter(kind__startswith="complaint.", before="closed").values_list("subject", "kind")
        )
        assert all(kind == "complaint.reopened" and count == 1 for (_case, kind), count in opened.items()), opened


def test_every_complaint_is_answered_or_passed_on(db):
    run_state_machine_as_test(Loop, settings=QUICK)


@pytest.mark.parametrize("forgotten", ["with_seller", "escalated", None])
def test_control_a_clock_that_forgets_a_state_is_found(db, monkeypatch, forgotten):
    """The shortest story that shows it; with a whole clock the same story holds."""
    story = Loop()
    try:
        story.people_arrive()
        story.file(subject="defect", phone=True)
        if forgotten:
            monkeypatch.delitem(clocks._MOVES, forgotten)
        for _stage in range(2):
            story.the_clock_sleeps(hours=24 * 40)
            story.sweep()
            if forgotten == "with_seller" or (forgotten and _stage):
                with pytest.raises(AssertionError):
                    story.nothing_is_overdue()
                return
            story.nothing_is_overdue()
        assert forgotten is None
    finally:
        story.teardown()
