from oscar.core.application import OscarConfig


class OrdersConfig(OscarConfig):
    """Entitlements, order drafts, orders, deliveries."""

    name = "orders"
    label = "order"
    verbose_name = "Orders"

    def ready(self) -> None:
        from marketplace import files
        from orders import effects, home, offline, order_draft, selectors, stopped  # noqa: F401  they register themselves
        from suppliers import guarantees

        guarantees.provide(selectors.guarantees_of)
        files.register_rule("order", selectors.may_open_file)
