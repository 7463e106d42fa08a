from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    """The lowest layer: people, places, rules, events, drafts. Imports no other app of ours."""

    name = "marketplace"
    verbose_name = "Marketplace"

    def ready(self) -> None:
        from allauth.mfa.models import Authenticator
        from django.contrib import admin
        from django.db.backends.signals import connection_created

        from marketplace import (
            checks,  # noqa: F401  registers the start-up checks
            emergency,  # noqa: F401  registers its outbox handler
            loading,  # noqa: F401  registers the rules that the product ships
            second_factor,  # noqa: F401  says how a change of keys rewrites its secrets
            sign_in_codes,  # noqa: F401  registers its outbox handler
        )
        from marketplace.drafts import (  # noqa: F401  outbox handlers, what a change of keys rewrites
            effects,
            resealing,
        )
        from marketplace.notices import sending  # noqa: F401  registers its outbox handler
        from marketplace.slow_queries import watch
        from marketplace.standing_back import stand_back

        # Its page in the admin would show what only services may touch.
        admin.site.unregister(Authenticator)
        connection_created.connect(watch, dispatch_uid="slow_queries")
        connection_created.connect(stand_back, dispatch_uid="standing_back")
