from django.apps import AppConfig


class ComplaintsConfig(AppConfig):
    """Complaints, their clocks, outcomes and reports: the highest layer."""

    name = "complaints"
    verbose_name = "Complaints"

    def ready(self) -> None:
        # The draft kind "complaint", outbox handlers, parts of the home page.
        from complaints import (  # noqa: F401
            complaint_draft,
            dated,
            effects,
            home,
            keeping,
            loading,
            offline,
            oversight,
            personal,
            rotating,
        )
        from complaints.codes import subjects
        from complaints.feedback import effects as feedback_effects  # noqa: F401
        from complaints.feedback import home as feedback_home  # noqa: F401
        from complaints.feedback import inviting, visiting  # noqa: F401
        from complaints.headquarters import home as headquarters_home  # noqa: F401
        from complaints.headquarters import working  # noqa: F401
        from complaints.intake import receiving  # noqa: F401
        from complaints.measures import carrying_out  # noqa: F401
        from complaints.routing import RULE
        from marketplace.rulebook import versions
        from suppliers import qr

        versions.own_editor(RULE, "complaints:routing")
        for kind in (qr.DELIVERY_NOTE, qr.LOT):
            qr.register(kind, subjects.supplier_behind(kind))
