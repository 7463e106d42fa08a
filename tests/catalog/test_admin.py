"""What an administrator changes in the catalogue or of a supplier reaches the search, and leaves an event."""

from typing import Any

import pytest
from django.test import Client

from catalog.models import Category, Product, ProductClass, ProductDocument
from marketplace import outbox
from marketplace.models import Event, OutboxRow, Role
from suppliers.effects import refresh_documents
from suppliers.models import Partner
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(index_folder) -> Client:
    make.make_rules()
    for code in make.REGIONS:
        make.make_region(code)
    make.make_offer(make.make_product(make.make_type(attributes={}), "Bota 50"))
    refresh_documents()
    outbox.drain()
    root = make.make_user("root", Role.ADMIN, is_staff=True, is_superuser=True, language="en")
    client = Client()
    client.force_login(root, "django.contrib.auth.backends.ModelBackend")
    return client


def change(browser: Client, page: str, **typed: Any) -> None:
    """The form as it stands with some boxes changed; forms of rows inside the page as they stand."""
    context = browser.get(page).context
    form = context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None and not hasattr(value, "storage")}
    for inline in context["inline_admin_formsets"]:
        prefix = inline.formset.prefix
        data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    answer = browser.post(page, data | typed)
    assert answer.status_code == 302, answer.context["errors"]


def test_another_title_is_found_after_the_outbox(browser):
    product = Product.objects.get()
    change(browser, f"/en/admin/catalogue/product/{product.pk}/change/", title_kk="Qulyn 70", title="Qulyn 70")
    assert "Qulyn" not in ProductDocument.objects.get().titles["kk"]
    outbox.drain()
    assert ProductDocument.objects.get().titles["kk"] == "Qulyn 70"
    assert Event.objects.filter(kind="admin.changed", subject=f"product:{product.pk}").count() == 1


def test_a_renamed_kind_of_products_renames_what_its_products_are_found_by(browser):
    kind = ProductClass.objects.get()
    change(browser, f"/en/admin/catalogue/productclass/{kind.pk}/change/", name_kk="Арба", name="Арба")
    before = ProductDocument.objects.get().text_hash
    outbox.drain()
    assert ProductDocument.objects.get().text_hash != before


def test_a_shelf_and_a_supplier_refresh_their_products(browser):
    shelf, shop = Category.objects.get(), Partner.objects.get()
    change(browser, f"/en/admin/catalogue/category/{shelf.pk}/change/", _position="first-child", _ref_node_id="")
    change(browser, f"/en/admin/partner/partner/{shop.pk}/change/", status="terminated")
    topics = list(OutboxRow.objects.filter(done_at=None).order_by("pk").values_list("topic", flat=True))
    assert topics == ["product-type.changed", "supplier.changed"]
    outbox.drain()
    assert ProductDocument.objects.get().offer_count == 0


def test_a_deleted_product_leaves_the_index_and_a_supplier_is_never_deleted(browser):
    product = make.make_product(ProductClass.objects.get(), "Old one")
    refresh_documents()
    outbox.drain()
    browser.post(f"/en/admin/catalogue/product/{product.pk}/delete/", {"post": "yes"})
    assert not Product.objects.filter(pk=product.pk).exists()
    row = OutboxRow.objects.get(done_at=None)
    assert row.payload == {"products": [product.pk]}
    shop = Partner.objects.get()
    assert browser.post(f"/en/admin/partner/partner/{shop.pk}/delete/", {"post": "yes"}).status_code == 403
