"""Routes of the complaint pages; config/urls.py mounts them under the prefix of the language."""

from django.urls import path, re_path

from complaints.views import case, hotline, lists, new, public, visitor

app_name = "complaints"

urlpatterns = [
    path("complaints/", lists.mine, name="list"),
    path("complaints/new/", new.new, name="new"),
    path("complaints/new/visitor/", visitor.visitor, name="visitor"),
    path("complaints/new/<uuid:draft_id>/", new.draft, name="draft"),
    path("complaints/new/<uuid:draft_id>/check/", new.check, name="check"),
    path("complaints/<slug:number>/", case.detail, name="detail"),
    path("complaints/<slug:number>/sent/", new.sent, name="sent"),
    path("complaints/<slug:number>/pictures/", case.attach, name="attach"),
    path("complaints/<slug:number>/<slug:action>/", case.step, name="step"),
    path("supplier/complaints/", lists.supplier_inbox, name="supplier_inbox"),
    path("supplier/complaints/<slug:number>/", case.supplier_case, name="supplier_case"),
    path("review/", lists.review, name="review"),
    path("review/<slug:number>/", case.review_case, name="review_case"),
    path("hotline/", hotline.desk, name="hotline"),
    path("track/", public.track, name="track"),
    path("reports/", public.report, name="reports"),
    re_path(r"^reports/complaints\.(?P<kind>html|csv|pdf)$", public.report_file, name="report_file"),
    path("defenders/", public.defenders, name="defenders"),
]

# Without a language: a printed code opens in the language of the phone.
plain_urlpatterns = [path("q/<slug:token>", visitor.scanned, name="scanned")]
