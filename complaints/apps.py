from django.apps import AppConfig


class ComplaintsConfig(AppConfig):
    """Complaints, their clocks, outcomes and reports: the highest layer."""

    name = "complaints"
    verbose_name = "Complaints"

    def ready(self) -> None:
        # The draft kind "complaint", outbox handlers, parts of the home page.
        from complaints import complaint_draft, effects, home  # noqa: F401
