from oscar.core.application import OscarConfig


class SuppliersConfig(OscarConfig):
    """Oscar's partners and stock records: our suppliers and offers."""

    name = "suppliers"
    label = "partner"
    verbose_name = "Suppliers"

    def ready(self) -> None:
        from marketplace import files
        from suppliers import (  # noqa: F401  outbox handlers, parts of home and desk
            dated,
            declaring,
            effects,
            home,
            keeping,
            rotating,
            shop,
        )
        from suppliers.demand import personal  # noqa: F401  what is kept of a person
        from suppliers.listings import effects as listing_effects  # noqa: F401
        from suppliers.listings import photos
        from suppliers.listings import sending as listing_sending  # noqa: F401  the draft kind "listing"
        from suppliers.onboarding import effects as onboarding_effects  # noqa: F401
        from suppliers.onboarding import selectors, sending  # noqa: F401  the draft kind "onboarding"
        from suppliers.pricelist import jobs  # noqa: F401  an outbox handler
        from suppliers.pricelist import keeping as price_lists  # noqa: F401  a night's work
        from suppliers.watch import collusion  # noqa: F401  registers its signals

        files.register_rule("application", selectors.may_open_file)
        files.register_rule("listing", photos.may_open_of_listing)
        files.register_rule("product", photos.may_open_of_product)
