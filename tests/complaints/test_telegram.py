"""The Telegram bot: a complaint made in a chat goes the way of every complaint; its news come into the chat."""

import io
import json
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone, translation
from PIL import Image

from complaints import clocks, tracking
from complaints.intake import photos, receiving
from complaints.intake.models import TelegramChat, TelegramPhoto, TelegramUpdate
from complaints.models import Complaint
from marketplace import formats, outbox, telegram
from marketplace.checks import bot_is_whole
from marketplace.models import Event, Notice, OutboxRow, Rule, StoredFile
from marketplace.notices import gateways
from suppliers import qr
from tests.complaints.bot_server import SECRET, TOKEN, WEBHOOK, BotServer, Person
from tests.complaints.factories import make_line, make_person, make_seller, make_supplier, office
from tests.marketplace.racing import together
from tests.recordings import PLACE, mp4


@pytest.fixture
def bot(settings) -> Iterator[BotServer]:
    server = BotServer()
    settings.TELEGRAM_TOKEN, settings.TELEGRAM_SECRET = TOKEN, SECRET
    settings.TELEGRAM_API_URL = server.url
    yield server
    server.stop()


@pytest.fixture
def aigul(bot) -> Person:
    return Person(bot)


@pytest.fixture
def shop(db):
    return make_supplier()


def picture(size: tuple[int, int] = (60, 40)) -> bytes:
    """A photo that says where it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "Phone of Aigul"
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def tell(person: Person, *words: str) -> str:
    """Write several messages; what the bot said last."""
    for word in words:
        person.write(word)
        outbox.drain()
    return person.heard[-1]


def up_to_check(person: Person) -> str:
    return tell(
        person, "/start", "The wheel broke.", "Жарқын", "Жарқын Мед", "Poor quality, defect", "Only in this chat"
    )


def filed() -> Complaint:
    return Complaint.objects.get()


# --- The door ---------------------------------------------------------------------------------


def test_without_a_bot_there_is_no_door(settings):
    settings.TELEGRAM_TOKEN = settings.TELEGRAM_SECRET = ""
    assert Client().post(WEBHOOK, {}, content_type="application/json").status_code == 404
    settings.TELEGRAM_TOKEN = TOKEN
    assert Client().post(WEBHOOK, {}, content_type="application/json").status_code == 404


@pytest.mark.parametrize("secret", ["", "wrong", SECRET[:-1], SECRET + "x", "қате"])
def test_who_does_not_know_the_secret_gets_nowhere(aigul, secret):
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
    answer = Client().post(WEBHOOK, aigul.update(text="hi"), content_type="application/json", headers=headers)
    assert answer.status_code == 403
    assert not TelegramChat.objects.exists() and not TelegramUpdate.objects.exists() and not Notice.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 400), (b'{"update_id": "1"}', 400), (b"x" * 300_000, 413)]
)
def test_what_is_no_update_is_refused(bot, body, status):
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    answer = Client().post(WEBHOOK, body, content_type="application/json", headers=headers)
    assert (answer.status_code, TelegramUpdate.objects.count()) == (status, 0)
    assert Client().get(WEBHOOK, headers=headers).status_code == 405


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
def test_the_bot_takes_no_part_in_groups(aigul, kind):
    update = aigul.update(text="The wheel broke.")
    update["message"]["chat"]["type"] = kind
    assert aigul.post(update) == 200
    assert aigul.post({"update_id": 1, "edited_message": update["message"]}) == 200
    assert not TelegramChat.objects.exists() and not Notice.objects.exists()


# --- From the first word to the number ----------------------------------------------------------


def test_a_complaint_from_the_first_word_to_the_number(aigul, shop):
    shown = up_to_check(aigul)
    assert not Complaint.objects.exists(), "nothing is filed before it was checked"
    for part in ("Addressed to: Жарқын Мед", "Legal basis: ", "274-IV", "Answer by: ", "rule R", "joins by itself"):
        assert part in shown, shown
    assert aigul.buttons == ["Send the complaint", "Back", "Do not send"]

    said = tell(aigul, "Send the complaint")

    complaint = filed()
    assert (complaint.channel, complaint.status, complaint.addressee_supplier) == ("telegram", "with_seller", shop)
    assert (complaint.text, complaint.subject, complaint.contact) == ("The wheel broke.", "defect", {})
    assert (complaint.telegram_chat, complaint.complainant, complaint.language) == (aigul.chat_id, None, "en")
    assert complaint.respond_by is not None and complaint.due_explained["rule"] == "complaint.seller_answer_days"
    receipt = next(text for text in aigul.heard if "Your number" in text)
    code = tracking.code_of(complaint.number)
    assert complaint.number in receipt and code in receipt
    assert f"Complaint {complaint.number}" in said, "the news that every person gets comes into the chat"
    page = Client().post("/en/track/", {"number": complaint.number, "code": code})
    assert "Жарқын Мед" in page.content.decode()
    assert Event.objects.get(kind="complaint.filed").data["channel"] == "telegram"


def test_the_code_stands_in_no_table(aigul, shop):
    up_to_check(aigul)
    tell(aigul, "Send the complaint")
    code = tracking.code_of(filed().number)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{code}%"])
            assert cursor.fetchone() == (0,), table


def test_news_of_every_step_come_into_the_chat(aigul, shop):
    up_to_check(aigul)
    tell(aigul, "Send the complaint")
    before = len(aigul.heard)
    due = timezone.make_aware(
        timezone.datetime.combine(filed().respond_by + timedelta(days=1), timezone.datetime.min.time())
    )
    clocks.run(due + timedelta(minutes=5))
    outbox.drain()
    assert filed().status == "escalated"
    assert len(aigul.heard) == before + 1
    assert filed().number in aigul.heard[-1]
    assert Notice.objects.filter(channel="telegram", address=str(aigul.chat_id)).exclude(status="sent").count() == 0


def test_in_russian_and_by_the_name_of_the_language(bot, shop):
    person = Person(bot, language="ru-KZ")
    assert "Что случилось?" in tell(person, "/start")
    assert person.buttons[:3] == ["Қазақша", "Русский", "English"]
    assert "What happened?" in tell(person, "English")
    assert "Что случилось?" in tell(person, "русский")
    assert Notice.objects.latest("pk").language == "ru"


def test_a_language_that_the_portal_does_not_speak_becomes_kazakh(bot):
    tell(Person(bot, language="de"), "Rad kaputt")
    assert (TelegramChat.objects.get().language, TelegramChat.objects.get().said["text"]) == ("kk", "Rad kaputt")


def test_without_start_the_first_words_are_the_story(aigul):
    assert "About whom?" in tell(aigul, "The wheel broke.")


def test_back_asks_the_latest_question_again(aigul, shop):
    up_to_check(aigul)
    assert "call or write to your phone" in tell(aigul, "Back")
    assert tell(aigul, "/back") == "What is wrong?"
    assert "About whom?" in tell(aigul, "Back")
    assert "What happened?" in tell(aigul, "Back")
    assert TelegramChat.objects.get().said == {"trail": []}
    assert "What happened?" in tell(aigul, "Back")


def test_do_not_send_forgets_everything(aigul, shop):
    up_to_check(aigul)
    assert "Nothing was sent" in tell(aigul, "Do not send")
    assert TelegramChat.objects.get().said == {}
    tell(aigul, "Send the complaint")
    assert not Complaint.objects.exists()


def test_words_after_the_check_belong_to_the_story(aigul, shop):
    up_to_check(aigul)
    assert "Added to your story" in tell(aigul, "And the brake too.")
    tell(aigul, "Send the complaint")
    assert filed().text == "The wheel broke.\nAnd the brake too."


def test_who_knows_no_name_says_what_it_is_about_and_where(aigul):
    tell(aigul, "/start", "My file was seen by strangers.", "I do not know")
    assert "What is the complaint about?" in aigul.heard[-1]
    tell(aigul, "nonsense")
    assert "Press one of the buttons." in aigul.heard[-1]
    tell(aigul, aigul.buttons[0], aigul.buttons[0])
    shown = aigul.heard[-1] if "Where did it happen?" in aigul.heard[-1] else tell(aigul, aigul.buttons[0])
    assert shown == "Where did it happen?"
    tell(aigul, "Shymkent", "8 701 000 00 09")
    assert "Phone: +7 ••• ••• 00 09" in aigul.heard[-1]
    tell(aigul, "Send the complaint")
    assert (filed().region_id, filed().contact) == ("KZ-79", {"phone": "+77010000009"})
    assert bytes(filed().contact_key), "1414 finds her by the phone"


def test_an_office_is_found_by_its_name(aigul):
    with translation.override("en"):
        name = office().name
    tell(aigul, "/start", "Nobody came out for an hour.", "шымкент")
    assert name in aigul.buttons, "found by its name in any language"
    assert tell(aigul, name) == "What is wrong?"
    tell(aigul, aigul.buttons[0], "Only in this chat", "Send the complaint")
    assert (filed().office, filed().sphere, filed().channel) == (office(), "office", "telegram")


def test_the_link_of_a_printed_code_says_what_it_is_about(aigul, shop):
    tell(aigul, f"/start {qr.token_of(shop)}")
    assert "What happened?" in aigul.heard[-1]
    assert tell(aigul, "The wheel broke.") == "What is wrong?"
    assert "What happened?" in tell(aigul, "/start S1A-AAAAAAAAAA"), "a code that nobody issued is no code"
    assert "About whom?" in tell(aigul, "The wheel broke.")


def test_a_machine_is_not_listened_to(aigul, monkeypatch):
    monkeypatch.setattr(receiving, "MESSAGES_OF_CHAT", receiving.Limit("telegram-messages", most=2, seconds=60))
    tell(aigul, "one", "two")
    before = TelegramChat.objects.get().said
    assert aigul.post(aigul.update(text="three")) == 200
    assert TelegramChat.objects.get().said == before


def test_a_chat_files_no_more_than_the_rule_allows(aigul, shop):
    Rule.objects.filter(code="complaint.anonymous_filings").update(value={"of_address_an_hour": 1})
    up_to_check(aigul)
    tell(aigul, "Send the complaint")
    up_to_check(aigul)
    assert "Many complaints came" in tell(aigul, "Send the complaint")
    assert Complaint.objects.count() == 1
    assert TelegramChat.objects.get().said["text"] == "The wheel broke.", "the text is kept"


# --- Once, whatever happens ---------------------------------------------------------------------


def test_an_update_that_comes_again_has_no_second_effect(aigul, shop):
    up_to_check(aigul)
    update = aigul.update(text="Send the complaint")
    assert [aigul.post(update) for _time in range(3)] == [200, 200, 200]
    assert Complaint.objects.count() == Notice.objects.filter(kind="telegram.receipt").count() == 1


@pytest.mark.django_db(transaction=True)
def test_twins_of_an_update_file_one_complaint(aigul, shop):
    up_to_check(aigul)
    update = aigul.update(text="Send the complaint")
    assert set(together(lambda _number: aigul.post(update), 4)) <= {200, 503}
    assert Complaint.objects.count() == 1
    outbox.drain()
    assert sum("Your number" in text for text in aigul.heard) == 1


def test_a_worker_that_dies_at_it_leaves_the_update_to_be_sent_again(aigul, shop, monkeypatch):
    up_to_check(aigul)
    update = aigul.update(text="Send the complaint")
    with monkeypatch.context() as patched:
        patched.setattr(photos, "hand_over", lambda chat, complaint: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            aigul.post(update)
    assert not Complaint.objects.exists()
    assert TelegramChat.objects.get().said["text"] == "The wheel broke."
    assert aigul.post(update) == 200
    assert Complaint.objects.count() == 1


# --- The order ----------------------------------------------------------------------------------


@pytest.fixture
def line(shop):
    return make_line(person=make_person(phone="+77000000001"), supplier=shop)


def test_the_own_order_is_proved_by_the_phone(aigul, line):
    tell(aigul, "/start", "The wheel broke.", line.order.number)
    assert "Is the order yours?" in aigul.heard[-1]
    assert line.order.partner.name not in " ".join(aigul.heard)
    aigul.share_phone()
    outbox.drain()
    assert aigul.heard[-1] == "What is wrong?"
    tell(aigul, "Poor quality, defect", "Only in this chat")
    assert f"Product: {line.title}" in aigul.heard[-1]
    tell(aigul, "Send the complaint")
    assert (filed().order_line, filed().supplier, filed().complainant) == (line, line.order.partner, None)


@pytest.mark.parametrize("known", [True, False])
def test_a_foreign_order_gives_nothing_away(aigul, line, known):
    number = line.order.number if known else "1234567890"
    tell(aigul, "/start", "The wheel broke.", number)
    aigul.share_phone("77019999999")
    outbox.drain()
    assert aigul.heard[-1].startswith("We cannot tell that this order is yours.")
    assert "Жарқын" not in " ".join(aigul.heard)
    tell(aigul, "Жарқын", "Жарқын Мед", "Poor quality, defect", "Only in this chat", "Send the complaint")
    assert filed().order_line is None
    assert number in filed().text, "what she said is not lost"


def test_somebody_elses_contact_proves_nothing(aigul, line):
    tell(aigul, "/start", "The wheel broke.", line.order.number)
    aigul.share_phone("77000000001", of=42)
    outbox.drain()
    assert "Press one of the buttons." in aigul.heard[-1]
    assert "token" not in TelegramChat.objects.get().said["about"]


# --- Photos -------------------------------------------------------------------------------------


def test_photos_are_fetched_drawn_anew_and_go_with_the_complaint(aigul, shop):
    aigul.photograph(picture(), name="wheel", caption="The wheel broke.")
    outbox.drain()
    assert "The file is kept: 1 of 10." in aigul.heard
    tell(aigul, "Жарқын", "Жарқын Мед", "Poor quality, defect", "Only in this chat")
    assert "Photos and recordings: 1" in aigul.heard[-1]
    tell(aigul, "Send the complaint")
    stored = StoredFile.objects.get()
    assert (stored.subject, stored.owner) == (f"complaint:{filed().number}", None)
    content = stored.file.read()
    assert b"Phone of Aigul" not in content
    assert Image.open(io.BytesIO(content)).size == (60, 40)


@pytest.mark.parametrize("kind", ["voice", "audio", "video", "video_note"])
def test_voice_and_video_are_the_whole_story(aigul, shop, kind):
    assert "say it by voice or video" in tell(aigul, "/start")
    aigul.server.files["told"] = mp4()
    sent = {"file_id": "told", "file_unique_id": "t", "file_size": len(mp4()), "duration": 9}
    assert aigul.post(aigul.update(**{kind: sent})) == 200
    outbox.drain()
    assert "About whom?" in " ".join(aigul.heard) and "The file is kept: 1 of 10." in aigul.heard
    tell(aigul, "Жарқын", "Жарқын Мед", "Poor quality, defect", "Only in this chat", "Send the complaint")
    stored = StoredFile.objects.get()
    assert (filed().text, stored.subject) == ("", f"complaint:{filed().number}")
    with stored.file.open("rb") as opened:
        assert PLACE not in opened.read()


def test_the_way_back_from_a_voice_leads_to_the_story(aigul, shop):
    tell(aigul, "/start")
    aigul.server.files["told"] = mp4()
    aigul.post(aigul.update(voice={"file_id": "told", "file_unique_id": "t", "file_size": 9}))
    outbox.drain()
    assert "What happened?" in tell(aigul, "Back")
    tell(aigul, "The wheel broke.", "Жарқын", "Жарқын Мед", "Poor quality, defect", "Only in this chat")
    assert "Photos and recordings: 1" in aigul.heard[-1]
    tell(aigul, "Send the complaint")
    assert filed().text == "The wheel broke." and StoredFile.objects.get().subject.startswith("complaint:")


def test_a_recording_that_telegram_does_not_hand_out_is_refused_in_words(aigul):
    tell(aigul, "/start")
    huge = {"file_id": "huge", "file_unique_id": "h", "file_size": 21 * 1024 * 1024}
    assert aigul.post(aigul.update(video=huge)) == 200
    outbox.drain()
    assert "The recording is too large." in aigul.heard[-1] and "getFile" not in aigul.server.asked
    assert not StoredFile.objects.exists()


def test_a_photo_that_is_still_on_its_way_goes_to_the_case(aigul, shop):
    up_to_check(aigul)
    aigul.photograph(picture(), name="late")
    aigul.write("Send the complaint")
    assert not StoredFile.objects.exists()
    outbox.drain()
    assert StoredFile.objects.get().subject == f"complaint:{filed().number}"
    assert Event.objects.get(kind="complaint.file_added").data["party"] == "owner"
    aigul.photograph(picture(), name="afterwards")
    outbox.drain()
    assert StoredFile.objects.filter(subject=f"complaint:{filed().number}").count() == 2


def test_a_photo_of_a_complaint_that_was_given_up_is_not_kept(aigul, shop):
    up_to_check(aigul)
    aigul.photograph(picture(), name="late")
    aigul.write("Do not send")
    outbox.drain()
    assert not StoredFile.objects.exists()
    assert "It is not kept." in " ".join(aigul.heard)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not a picture at all" * 20, "We can read photos"),
        (b"", "The file is empty"),
        (b"\xff\xd8\xff" + b"0" * 300, "We cannot read this picture"),
    ],
)
def test_a_bad_photo_is_refused_in_words(aigul, content, said):
    aigul.photograph(content, name="bad", caption="Story")
    outbox.drain()
    assert any(said in text for text in aigul.heard)
    assert not StoredFile.objects.exists()


def test_a_photo_over_ten_megabytes_is_not_fetched(aigul):
    tell(aigul, "Story")
    size = {"file_id": "huge", "file_unique_id": "h", "file_size": 11 * 1024 * 1024, "mime_type": "image/jpeg"}
    assert aigul.post(aigul.update(document=size)) == 200
    outbox.drain()
    assert "larger than 10 MB" in aigul.heard[-1]
    assert "getFile" not in aigul.server.asked
    # One that lies about its size is cut off while it comes.
    aigul.server.files["liar"] = b"\xff\xd8\xff" + b"0" * (20 * 1024 * 1024 + 10)
    assert aigul.post(aigul.update(document=size | {"file_id": "liar", "file_size": 10})) == 200
    outbox.drain()
    assert "The file did not come. Send it again." in aigul.heard
    assert not StoredFile.objects.exists()


def test_telegram_away_for_a_photo_is_asked_again(aigul):
    aigul.photograph(picture(), name="wheel", caption="Story")
    aigul.server.broken = 502
    outbox.drain()
    assert TelegramPhoto.objects.get().done_at is None
    aigul.server.broken = 0
    OutboxRow.objects.filter(done_at=None).update(available_at=timezone.now())
    outbox.drain()
    assert StoredFile.objects.count() == 1
    OutboxRow.objects.filter(topic="telegram.photo").update(done_at=None, attempts=9)
    outbox.drain()
    assert StoredFile.objects.count() == 1, "the row came twice, the photo once"


def test_a_complaint_takes_so_many_photos_and_no_more(aigul):
    Rule.objects.filter(code="complaint.attachments").update(value={"count": 1})
    aigul.photograph(picture(), name="one", caption="Story")
    aigul.photograph(picture(), name="two")
    outbox.drain()
    assert StoredFile.objects.count() == 1
    assert any("1 files at most" in text for text in aigul.heard)


# --- Telegram in trouble --------------------------------------------------------------------------


def test_a_busy_telegram_is_asked_again_when_it_says(aigul):
    aigul.server.retry_after = 37
    status = aigul.post(aigul.update(text="Story"))
    outbox.drain()
    notice = Notice.objects.get()
    assert (status, notice.status, notice.error, aigul.heard) == (200, "created", "HTTP 429", [])
    row = OutboxRow.objects.get(done_at=None)
    assert timedelta(seconds=35) < row.available_at - timezone.now() <= timedelta(seconds=37)
    OutboxRow.objects.filter(pk=row.pk).update(available_at=timezone.now())
    outbox.drain()
    assert (Notice.objects.get().status, len(aigul.heard)) == ("sent", 1)


@pytest.mark.parametrize("status", [502, 504])
def test_a_broken_way_to_telegram_is_tried_again(aigul, status):
    aigul.server.broken = status
    aigul.post(aigul.update(text="Story"))
    outbox.drain()
    assert (Notice.objects.get().status, Notice.objects.get().error) == ("created", f"HTTP {status}")


def test_a_wrong_token_is_no_reason_to_give_up(aigul, settings):
    settings.TELEGRAM_TOKEN = TOKEN[:-1]
    aigul.post(aigul.update(text="Story"))
    outbox.drain()
    assert (Notice.objects.get().status, Notice.objects.get().error) == ("created", "HTTP 401")


def test_who_has_blocked_the_bot_gets_an_sms_to_the_phone_she_gave(aigul, shop):
    tell(aigul, "/start", "The wheel broke.", "Жарқын", "Жарқын Мед", "Poor quality, defect", "+7 701 000 00 09")
    aigul.write("Send the complaint")
    aigul.server.blocked.add(aigul.chat_id)
    outbox.drain()
    news = Notice.objects.get(kind="complaint.filed", recipient=None)
    assert (news.channel, news.address, news.status, news.attempts) == ("sms", "+77010000009", "delivered", 1)
    assert Notice.objects.get(kind="telegram.receipt").status == "failed", "the code goes nowhere else"


def test_a_lost_chat_without_a_phone_ends_as_not_delivered(aigul, shop):
    up_to_check(aigul)
    aigul.write("Send the complaint")
    aigul.server.blocked.add(aigul.chat_id)
    outbox.drain()
    news = Notice.objects.get(kind="complaint.filed", recipient=None)
    assert (news.status, news.error) == ("failed", "HTTP 403"), "nobody can phone the number of a chat"
    assert news.finished_at is not None


def test_a_long_message_is_cut_where_telegram_would_refuse_it(aigul, shop):
    shop.name = "Ж" * 128
    shop.save()
    with pytest.raises(telegram.Refused):
        telegram.api().call("sendMessage", {"chat_id": aigul.chat_id, "text": "😀" * 2100})
    Notice.objects.create(
        kind="telegram.reply", subject="chat:1", channel="telegram", language="en", address=str(aigul.chat_id),
        text="😀" * 2100, dedupe="long",
    )  # fmt: skip
    gateways.for_channel("telegram").send(Notice.objects.get())
    assert len(aigul.heard[-1].encode("utf-16-le")) == 2 * 4095
    assert aigul.heard[-1].endswith("😀…")


# --- Around it --------------------------------------------------------------------------------------


def test_nobody_else_can_name_a_chat(client, shop):
    body = {"subject": "defect", "sphere": "goods", "supplier": shop.code, "text": "x", "region": "KZ-79"}
    for more in ({"chat": 5}, {"channel": "telegram"}, {"contact": {"channel": "telegram", "phone": "+77010000001"}}):
        answer = client.post(
            "/api/v1/complaints",
            json.dumps(body | more),
            content_type="application/json",
            headers={"Idempotency-Key": str(more)},
        )
        assert answer.status_code == 422 or Complaint.objects.get().telegram_chat is None
    assert not Complaint.objects.filter(channel="telegram").exists()


def test_the_seller_reads_the_story_and_no_chat(aigul, shop, client):
    seller = make_seller(shop)
    up_to_check(aigul)
    tell(aigul, "Send the complaint")
    client.force_login(seller)
    page = client.get(f"/en/supplier/complaints/{filed().number}/").content.decode()
    assert "The wheel broke." in page
    assert str(aigul.chat_id) not in page


def test_conversations_that_nobody_went_on_with_are_forgotten(aigul):
    tell(aigul, "Story")
    assert receiving.forget(timezone.now() + timedelta(days=1)) == 0
    assert receiving.forget(timezone.now() + timedelta(days=3)) == 1
    assert not TelegramChat.objects.exists()
    assert TelegramUpdate.objects.count() == 1
    receiving.forget(timezone.now() + timedelta(days=8))
    assert not TelegramUpdate.objects.exists()


def test_the_command_registers_the_address(bot, capsys, settings):
    call_command("telegram_webhook")
    assert bot.webhook == {
        "url": f"{settings.PORTAL_URL}{WEBHOOK}",
        "secret_token": SECRET,
        "allowed_updates": ["message"],
    }
    assert WEBHOOK in capsys.readouterr().out
    call_command("telegram_webhook", "--off")
    assert bot.webhook == {}
    settings.TELEGRAM_TOKEN = "1:wrong"
    with pytest.raises(CommandError, match="HTTP 401"):
        call_command("telegram_webhook")


@pytest.mark.parametrize(
    ("token", "secret", "faults"),
    [
        ("", "", []),
        (TOKEN, SECRET, []),
        (TOKEN, "", ["marketplace.E006"]),
        ("", SECRET, ["marketplace.E006"]),
        (TOKEN, "short", ["marketplace.E007"]),
        (TOKEN, "with blanks in the secret", ["marketplace.E007"]),
    ],
)
def test_half_a_bot_stops_the_start(settings, token, secret, faults):
    settings.TELEGRAM_TOKEN, settings.TELEGRAM_SECRET = token, secret
    assert [fault.id for fault in bot_is_whole()] == faults


def test_the_date_in_the_check_is_the_date_of_the_complaint(aigul, shop):
    shown = up_to_check(aigul)
    tell(aigul, "Send the complaint")
    day: date = filed().respond_by
    with translation.override("en"):
        assert f"Answer by: {formats.date_long(day)}" in shown
