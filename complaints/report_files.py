"""A report as a file: HTML to read and print, CSV for tables, PDF to sign. All three show the same rows."""

import csv
import io
import json

import typst
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from complaints.models import Complaint, MonthlyReport
from complaints.reporting import bodies
from complaints.reporting.models import OutreachEntry
from complaints.reports import satisfied_share
from complaints.states import Outcome
from marketplace import formats
from marketplace.models import Region

CONTENT_TYPES = {
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
}


def render(report: MonthlyReport, kind: str) -> bytes:
    """The file's bytes in the active language; ``kind`` is html, csv or pdf."""
    return {"html": _html, "csv": _csv, "pdf": _pdf}[kind](report)


def heading(report: MonthlyReport) -> str:
    where = report.region.name if report.region else _("Kazakhstan")
    return _("Complaints: %(region)s, %(first)s – %(last)s") % {
        "region": where,
        "first": f"{report.month:%d.%m.%Y}",
        "last": f"{report.until:%d.%m.%Y}",
    }


def rows(report: MonthlyReport) -> list[tuple[str, str, str]]:
    """(section, what, number) of everything the report counts."""
    found = report.facts
    listed = [(_("Total"), _("Examined"), str(found["examined"]))]
    share = satisfied_share(found)
    if share is not None:
        listed.append((_("Total"), _("Satisfied, per cent"), f"{share:.1f}"))
    for outcome in Outcome if found.get("outcomes") else ():
        listed.append((_("Outcomes"), str(outcome.label), str(found["outcomes"].get(outcome, 0))))
    for channel, count in (found.get("by_channel") or {}).items():
        listed.append((_("Channels"), str(Complaint.Channel(channel).label), str(count)))
    if "returned_kzt" in found:
        listed.append((_("Money"), _("Returned to people, KZT"), f"{found['returned_kzt']:.2f}"))
    if court := found.get("court"):
        listed.append((_("Court"), _("Cases joined"), str(court["joined"])))
        listed.append((_("Court"), _("Cases won"), str(court["won"])))
        listed.append((_("Court"), _("Recovered, KZT"), f"{court['recovered_kzt']:.2f}"))
    if fines := found.get("fines"):
        listed.append((_("Fines"), _("Fines imposed"), str(fines["imposed"])))
        listed.append((_("Fines"), _("Sum of the fines, KZT"), f"{fines['sum_kzt']:.2f}"))
        listed.append((_("Fines"), _("Paid of it, KZT"), f"{fines['paid_kzt']:.2f}"))
    if seller := found.get("seller"):
        listed.append((_("Suppliers"), _("Answered"), str(seller["answered"])))
        listed.append((_("Suppliers"), _("Answered in time"), str(seller["in_time"])))
        listed.append((_("Suppliers"), _("Left without an answer"), str(seller["ignored"])))
        if seller["median_days"] is not None:
            listed.append((_("Suppliers"), _("Days to the answer, median"), str(seller["median_days"])))
    for body in map(bodies.named, found.get("bodies") or []):
        section = _("State body: %(name)s") % {"name": body["name"]}
        listed.append((section, _("Decided"), str(body["decided"])))
        for name, label in body_shares():
            if body[name] is not None:
                listed.append((section, label, f"{body[name]:.1f}"))
        listed.append((section, _("Dates missed"), str(body["overdue"])))
    if users := found.get("users"):
        listed.append((_("Registered"), _("People"), str(users["registered"])))
        listed.append((_("Registered"), _("Businesses"), str(users["businesses"])))
    if "through_the_system" in found:
        listed.append((_("Total"), _("Through the portal itself"), str(found["through_the_system"])))
    if outreach := found.get("outreach"):
        for kind, count in outreach["by_kind"].items():
            listed.append((_("Outreach"), outreach_name(kind), str(count)))
        listed.append((_("Outreach"), _("Total"), str(outreach["total"])))
    listed.append((_("Self-check"), _("The parts add up"), report.self_check))
    return listed


def body_shares() -> list[tuple[str, str]]:
    """The shares of a body's scorecard with their labels."""
    return [
        ("in_time_share", _("In time, %")),
        ("redirected_share", _("Sent on, %")),
        ("reopened_share", _("Opened again, %")),
        ("confirmed_share", _("Confirmed by the person, %")),
    ]


def outreach_name(kind: str) -> str:
    """The words for a kind of outreach; the code itself for one that no log knows."""
    return str(OutreachEntry.Kind(kind).label) if kind in OutreachEntry.Kind.values else kind


def _html(report: MonthlyReport) -> bytes:
    return render_to_string(
        "reports/month_file.html", {"heading": heading(report), "rows": rows(report), "report": report}
    ).encode()


def _csv(report: MonthlyReport) -> bytes:
    """With a byte order mark, so that office programs read Kazakh letters; no cell can start a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("Section"), _("What"), _("Value")])
    writer.writerows([[_plain(cell) for cell in row] for row in rows(report)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and not cell[1:2].isdigit() else cell


_PAPER = """
#let report = json(bytes(sys.inputs.report))
#set document(title: report.heading)
#set page(paper: "a4", margin: 2cm, numbering: "1 / 1")
#set text(font: ("Noto Sans", "DejaVu Sans", "Libertinus Serif"), size: 10.5pt, lang: report.language)
#align(center, text(15pt, weight: "bold", report.heading))
#v(1em)
#table(
  columns: (1fr, 2fr, auto), align: (left, left, right), stroke: 0.5pt, inset: 6pt,
  table.header(..report.columns.map(strong)),
  ..report.rows.flatten()
)
#v(1em)
#text(9pt, report.built)
"""


def _pdf(report: MonthlyReport) -> bytes:
    content = {
        "heading": heading(report),
        "language": (get_language() or "kk")[:2],
        "columns": [_("Section"), _("What"), _("Value")],
        "rows": rows(report),
        "built": _("Built %(moment)s") % {"moment": formats.datetime_short(report.built_at)},
    }
    inputs = {"report": json.dumps(content, ensure_ascii=False)}
    return typst.compile(_PAPER.encode(), format="pdf", sys_inputs=inputs)


def name_of(region: Region | None, month: str, kind: str) -> str:
    """``complaints-KZ-79-2026-11.csv``."""
    return f"complaints-{region.pk if region else 'KZ'}-{month}.{kind}"
