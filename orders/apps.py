from oscar.core.application import OscarConfig


class OrdersConfig(OscarConfig):
    """Entitlements, order drafts, orders, deliveries."""

    name = "orders"
    label = "order"
    verbose_name = "Orders"

    def ready(self) -> None:
        from orders import order_draft  # noqa: F401  registers the draft kind "order"
