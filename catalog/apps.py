from oscar.core.application import OscarConfig


class CatalogConfig(OscarConfig):
    """Oscar's catalogue under our own name: the label keeps its tables and `get_class` working."""

    name = "catalog"
    label = "catalogue"
    verbose_name = "Catalogue"

    def ready(self) -> None:
        from oscar.apps.catalogue import receivers  # noqa: F401  category visibility

        from catalog import effects, keeping, standing  # noqa: F401  outbox handlers, what is forgotten, the status page
