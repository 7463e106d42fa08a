from oscar.core.application import OscarConfig


class OrdersConfig(OscarConfig):
    """Entitlements, order drafts, orders, deliveries."""

    name = "orders"
    label = "order"
    verbose_name = "Orders"

    def ready(self) -> None:
        from orders import effects, order_draft  # noqa: F401  outbox handlers, the draft kind "order"
        from orders.selectors import guarantees_of
        from suppliers import guarantees

        guarantees.provide(guarantees_of)
