from oscar.core.application import OscarConfig


class SuppliersConfig(OscarConfig):
    """Oscar's partners and stock records: our suppliers and offers."""

    name = "suppliers"
    label = "partner"
    verbose_name = "Suppliers"

    def ready(self) -> None:
        from suppliers import effects, home  # noqa: F401  outbox handlers, a part of the home page
        from suppliers.pricelist import jobs  # noqa: F401  registers its outbox handler
        from suppliers.watch import collusion  # noqa: F401  registers its signals
