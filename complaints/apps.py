from django.apps import AppConfig


class ComplaintsConfig(AppConfig):
    """Complaints, their clocks, outcomes and reports: the highest layer."""

    name = "complaints"
    verbose_name = "Complaints"

    def ready(self) -> None:
        from complaints import complaint_draft, effects  # noqa: F401  the draft kind "complaint", outbox handlers
