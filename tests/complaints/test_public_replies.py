"""The right of reply: a supplier's public words, looked through first, beside the count and beside a published mark."""

import pytest

from complaints.feedback import answering, replying
from complaints.feedback.models import Feedback, PublicReply
from complaints.feedback.states import REPLY, ReplyStatus
from marketplace.errors import Forbidden, IllegalStep, Invalid, NotFound
from marketplace.models import Event
from suppliers.models import Partner
from tests.complaints.factories import make_person, make_reviewer, make_seller, make_supplier
from tests.complaints.feedback import give, text_of

pytestmark = pytest.mark.django_db
WORDS = "Біз дөңгелегін ауыстырдық."


@pytest.fixture
def supplier():
    return make_supplier()


@pytest.fixture
def marat(supplier):
    return make_seller(supplier)


@pytest.fixture
def ministry():
    return make_reviewer()


@pytest.fixture
def mark(supplier, ministry) -> Feedback:
    given = give(supplier, 4, event="order:1", text="Дөңгелегі сынды")
    answering.publish(feedback_id=given.pk, actor=ministry, text="Дөңгелегі сынды")
    return given


def test_a_reply_to_the_complaints_stands_beside_the_count_after_the_look(client, marat, ministry):
    reply = replying.offer(actor=marat, text=WORDS)
    page = "/kk/catalog/suppliers/jarqyn-med/"
    assert WORDS not in text_of(client.get(page))
    replying.publish(actor=ministry, reply_id=reply.pk, text=WORDS)
    assert WORDS in text_of(client.get(page))
    assert list(Event.objects.filter(subject=f"reply:{reply.pk}").values_list("kind", "after")) == [
        ("reply.offered", "waiting"), ("reply.publish", "published"),
    ]  # fmt: skip
    replying.withdraw(actor=marat, reply_id=reply.pk)
    assert WORDS not in text_of(client.get(page))
    assert Partner.objects.get().complaints_reply == ""


def test_a_reply_to_a_mark_stands_under_its_words(client, marat, ministry, mark):
    reply = replying.offer(actor=marat, text=WORDS, feedback_id=mark.pk)
    page = "/kk/feedback/suppliers/jarqyn-med/"
    assert WORDS not in text_of(client.get(page))
    replying.publish(actor=ministry, reply_id=reply.pk, text=WORDS)
    assert WORDS in text_of(client.get(page))
    assert Partner.objects.get().complaints_reply == ""


def test_a_later_reply_takes_the_place_of_the_earlier_one(marat, ministry):
    first = replying.offer(actor=marat, text="Бірінші")
    second = replying.offer(actor=marat, text="Екінші")
    first.refresh_from_db()
    assert first.status == "withdrawn"
    replying.publish(actor=ministry, reply_id=second.pk, text="Екінші")
    third = replying.offer(actor=marat, text="Үшінші")
    replying.publish(actor=ministry, reply_id=third.pk, text="Үшінші")
    assert list(PublicReply.objects.filter(status="published").values_list("text", flat=True)) == ["Үшінші"]
    assert Partner.objects.get().complaints_reply == "Үшінші"


def test_numbers_of_people_and_foreign_or_unpublished_marks_are_refused(marat, ministry, mark, supplier):
    other = make_seller(make_supplier("qadam-orto", "Қадам"), "natalya")
    private = give(supplier, 4, event="order:2", text="Жақсы")
    with pytest.raises(Invalid) as refused:
        replying.offer(actor=marat, text="Call +7 700 123 45 67")
    assert [(error.field, error.code) for error in refused.value.errors] == [("text", "personal")]
    with pytest.raises(NotFound):
        replying.offer(actor=other, text=WORDS, feedback_id=mark.pk)
    with pytest.raises(NotFound):
        replying.offer(actor=marat, text=WORDS, feedback_id=private.pk)
    with pytest.raises(Forbidden):
        replying.offer(actor=make_person(), text=WORDS)
    assert not PublicReply.objects.exists()


DOORS = {"publish": replying.publish, "refuse": replying.refuse, "withdraw": replying.withdraw}


@pytest.mark.parametrize("state", ReplyStatus.values)
def test_only_the_table_decides(state, marat, ministry):
    actors = {"supplier": marat, "ministry": ministry, "other": make_seller(make_supplier("q", "Q"), "natalya")}
    reply = replying.offer(actor=marat, text=WORDS)
    for action, door in DOORS.items():
        for party, actor in actors.items():
            PublicReply.objects.filter(pk=reply.pk).update(status=state)
            before = (list(PublicReply.objects.values()), list(Partner.objects.values()), Event.objects.count())
            words = {} if action == "withdraw" else {"text": WORDS}
            if action in REPLY.actions(state, [party]):
                door(actor=actor, reply_id=reply.pk, **words)
                reply.refresh_from_db()
                assert reply.status == REPLY.find(action, state, [party]).target
            else:
                with pytest.raises((IllegalStep, Forbidden, NotFound)):
                    door(actor=actor, reply_id=reply.pk, **words)
                assert (
                    list(PublicReply.objects.values()),
                    list(Partner.objects.values()),
                    Event.objects.count(),
                ) == before


def test_the_page_takes_a_reply_and_the_ministrys_answer(client, marat, ministry, mark):
    client.force_login(marat)
    assert "Reply in public" in text_of(client.get(f"/en/feedback/desk/{mark.pk}/"))
    wrong = client.post("/en/feedback/replies/", {"action": "offer", "text": "+7 700 123 45 67 Асан"})
    assert "+7 700 123 45 67 Асан" in wrong.content.decode() and "Error" in wrong.content.decode()
    assert not PublicReply.objects.exists()
    client.post(f"/en/feedback/replies/?mark={mark.pk}", {"action": "offer", "text": WORDS})
    reply = PublicReply.objects.get()
    assert (reply.feedback, reply.status) == (mark, "waiting")
    assert client.post("/en/feedback/replies/", {"action": f"publish:{reply.pk}", "text": WORDS}).status_code == 403

    client.force_login(ministry)
    assert WORDS in text_of(client.get("/en/feedback/replies/"))
    empty = client.post("/en/feedback/replies/", {"action": f"refuse:{reply.pk}", "text": ""})
    assert "Write why it is not published." in text_of(empty)
    client.post("/en/feedback/replies/", {"action": f"refuse:{reply.pk}", "text": "Жеке дерек бар"})
    reply.refresh_from_db()
    assert (reply.status, reply.refused_for) == ("refused", "Жеке дерек бар")
