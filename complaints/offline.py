"""The complaint without a server: what every complaint asks; a template's own questions need the portal."""

from typing import Any

from complaints import complaint_draft, routing, templates
from complaints.forms import ComplaintForm
from marketplace import offline


def _context() -> dict[str, Any]:
    form = ComplaintForm(table=routing.table(), questions=templates.common())
    return {"schema": complaint_draft.SCHEMA, "form": form}


offline.register(
    offline.Shell(
        name="complaint",
        address=f"complaints/new/{offline.UUID}/",
        template="offline/complaint.html",
        context=_context,
    )
)
