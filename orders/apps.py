from oscar.core.application import OscarConfig


class OrdersConfig(OscarConfig):
    """Entitlements, order drafts, orders, deliveries."""

    name = "orders"
    label = "order"
    verbose_name = "Orders"

    def ready(self) -> None:
        from marketplace import files
        from orders import (  # they register themselves
            asked,  # noqa: F401
            collusion,  # noqa: F401
            dated,  # noqa: F401
            effects,  # noqa: F401
            home,  # noqa: F401
            keeping,  # noqa: F401
            offline,  # noqa: F401
            order_draft,  # noqa: F401
            personal,  # noqa: F401
            recalled,  # noqa: F401
            reminding,  # noqa: F401
            selectors,
            shop,  # noqa: F401
            signing,  # noqa: F401
            stopped,  # noqa: F401
        )
        from suppliers import guarantees

        guarantees.provide(selectors.guarantees_of)
        files.register_rule("order", selectors.may_open_file, selectors.person_of)
