"""Routes of the complaint pages; config/urls.py mounts them under the prefix of the language."""

from django.urls import path, re_path

from complaints.views import (
    aside,
    case,
    codes,
    feedback,
    feedback_desk,
    hotline,
    interviews,
    lists,
    new,
    outreach,
    public,
    reports,
    routing,
    scanned,
    visitor,
    visits,
)

app_name = "complaints"

urlpatterns = [
    path("complaints/", lists.mine, name="list"),
    path("complaints/new/", new.new, name="new"),
    path("complaints/new/visitor/", visitor.visitor, name="visitor"),
    path("complaints/new/<uuid:draft_id>/", new.draft, name="draft"),
    path("complaints/new/<uuid:draft_id>/subject/", new.subject, name="subject"),
    path("complaints/new/<uuid:draft_id>/check/", new.check, name="check"),
    path("complaints/new/<uuid:draft_id>/discard/", aside.discard, name="discard"),
    path("complaints/new/<uuid:draft_id>/restore/", aside.restore, name="restore"),
    path("complaints/scanned/<slug:token>/", scanned.complain, name="scanned_complaint"),
    path("complaints/<slug:number>/", case.detail, name="detail"),
    path("complaints/<slug:number>/sent/", new.sent, name="sent"),
    path("complaints/<slug:number>/pictures/", case.attach, name="attach"),
    path("complaints/<slug:number>/parallel-done/", case.parallel_done, name="parallel_done"),
    path("complaints/<slug:number>/<slug:action>/", case.step, name="step"),
    path("supplier/complaints/", lists.supplier_inbox, name="supplier_inbox"),
    path("supplier/complaints/<slug:number>/", case.supplier_case, name="supplier_case"),
    path("review/", lists.review, name="review"),
    path("review/routing/", routing.index, name="routing"),
    path("review/routing/change/", routing.change, name="routing_change"),
    path("review/routing/change/<int:place>/", routing.row, name="routing_row"),
    path("review/routing/simulator/", routing.simulator, name="routing_simulator"),
    path("review/routing/versions/<slug:day>/", routing.version, name="routing_version"),
    path("review/routing/versions/<slug:day>.csv", routing.version_file, name="routing_file"),
    path("review/outreach/", outreach.log, name="outreach"),
    path("review/outreach/<int:entry_id>/strike/", outreach.strike, name="outreach_strike"),
    path("review/<slug:number>/", case.review_case, name="review_case"),
    path("hotline/", hotline.desk, name="hotline"),
    path("track/", public.track, name="track"),
    path("track/<slug:action>/", public.step, name="track_step"),
    path("reports/", reports.report, name="reports"),
    re_path(r"^reports/complaints\.(?P<kind>html|csv|pdf)$", reports.report_file, name="report_file"),
    path("reports/cases/", reports.report_cases, name="report_cases"),
    path("open-data/", reports.open_data_page, name="open_data"),
    path("defenders/", public.defenders, name="defenders"),
    # Feedback by five ways, and who works with it.
    path("feedback/", feedback.by_link, name="feedback_link"),
    path("feedback/stop/", feedback.stop, name="feedback_stop"),
    path("feedback/thanks/", feedback.thanks, name="feedback_thanks"),
    path("feedback/codes/<slug:token>/", feedback.by_code, name="feedback_code"),
    path("feedback/suppliers/<slug:code>/", feedback.supplier, name="feedback_supplier"),
    path("feedback/desk/", feedback_desk.desk, name="feedback_desk"),
    path("feedback/desk/<int:feedback_id>/", feedback_desk.item, name="feedback_item"),
    path("feedback/board/", feedback_desk.board, name="feedback_board"),
    path("feedback/calls/", interviews.listed, name="calls"),
    path("feedback/calls/<int:task_id>/", interviews.call, name="call"),
    path("feedback/visits/", visits.listed, name="visits"),
    path("feedback/visits/<int:visit_id>/", visits.visit, name="visit"),
    path("map/<slug:code>/", feedback.office, name="office"),
    path("map/<slug:code>/mark/", feedback.on_map, name="office_mark"),
    # Printed codes.
    path("codes/", codes.mine, name="codes"),
    re_path(r"^codes/(?P<token>[0-9A-Za-z-]+)\.(?P<kind>pdf|svg)$", codes.sheet, name="code_sheet"),
    path("reports/codes/", codes.spread, name="code_spread"),
    path("reports/codes.csv", codes.spread_file, name="code_spread_file"),
]

# Without a language: a printed code opens in the language of the phone, a link in the language of its person.
plain_urlpatterns = [
    path("q/<slug:token>", scanned.scanned, name="scanned"),
    path("s/<slug:token>", feedback.sms_link, name="sms_link"),
]
