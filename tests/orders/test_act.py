"""The act on paper: every Kazakh letter can be read and searched; the digest proves the content."""

import shutil
import subprocess

import pytest

from marketplace import crypto
from orders import act, fulfilment
from orders.models import Act
from tests.orders import factories as make

LETTERS = "ӘҒҚҢӨҰҮҺІ әғқңөұүһі"


@pytest.fixture
def accepted(family) -> Act:
    product = make.make_product(family.diapers_type, f"Жөргек {LETTERS}")
    offer = make.make_offer(product, family.jarqyn)
    [order] = make.make_orders(family.aigul, make.fields_for((family.diapers, offer, 3)))
    fulfilment.confirm(number=order.number, actor=family.yerlan)
    fulfilment.ship(number=order.number, actor=family.yerlan)
    code = crypto.code("delivery", order.number)
    fulfilment.deliver(number=order.number, actor=family.yerlan, code=code, lots={str(order.lines.get().pk): "L-7"})
    fulfilment.accept_with_remarks(number=order.number, actor=family.aigul, reason="Қорабы жыртық")
    return Act.objects.select_related("order").get(order=order)


def text_of(pdf: bytes) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    found = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return found.stdout.decode().replace("\u00a0", " ")


def test_both_languages_with_every_kazakh_letter(accepted):
    text = text_of(act.pdf(accepted))
    words = " ".join(text.split())
    for part in (LETTERS.split()[0], LETTERS.split()[1], "L-7", "17 100 ₸", accepted.digest, "Қорабы жыртық"):
        assert part in words or part in text.replace("\n", ""), part
    assert text.count("\f") == 2  # a Kazakh and a Russian page
    assert "kk" in words and "ru" in words


def test_the_paper_changes_only_by_the_second_signature(accepted, family):
    before = text_of(act.pdf(accepted))
    fulfilment.sign_act(number=accepted.order.number, actor=family.yerlan)
    after = text_of(act.pdf(Act.objects.select_related("supplier_signed_by").get(pk=accepted.pk)))
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert changed and all("Yerlan" in line or "23.11.2026" in line for line in changed)


def test_the_digest_proves_the_content(accepted):
    assert act.digest(accepted.snapshot) == accepted.digest
    accepted.snapshot["total"] = "1.00"
    assert act.digest(accepted.snapshot) != accepted.digest
