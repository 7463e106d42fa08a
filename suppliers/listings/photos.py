"""Photos of goods: while a listing waits for its supplier and the ministry, on sale for everybody."""

from catalog.models import Product
from marketplace.models import StoredFile, User
from suppliers.listings import selectors


def may_open_of_listing(actor: User, key: str) -> bool:
    """Whoever reads the listing."""
    return key.isdigit() and selectors.visible(actor).filter(pk=key).exists()


def may_open_of_product(_actor: User, key: str) -> bool:
    """Everybody, as long as the product is in the catalogue."""
    rows = Product.objects.filter(moderation=Product.Moderation.PUBLISHED, is_public=True)
    return key.isdigit() and rows.filter(pk=key).exists()


def of_product(product_id: int) -> list[StoredFile]:
    """The photos of a product, the first one first."""
    return list(StoredFile.objects.filter(subject=f"product:{product_id}").order_by("created_at", "pk"))
