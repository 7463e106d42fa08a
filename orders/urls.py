"""Routes of applications, orders, the programme, and the desks of office and supplier."""

from django.urls import path

from orders.views import applications, beneficiary, check, history, office, recalls, repeating, signing, steps, supplier

app_name = "orders"

urlpatterns = [
    path("programme/", beneficiary.programme, name="programme"),
    path("programme/<int:entitlement_id>/repeat/", repeating.turn, name="repeat"),
    path("applications/", applications.applications, name="applications"),
    path("applications/new/", applications.start, name="start"),
    path("applications/add/", applications.add_line, name="add_line"),
    path("applications/<uuid:draft_id>/", applications.draft, name="draft"),
    path("applications/<uuid:draft_id>/check/", check.check, name="check"),
    path("applications/<uuid:draft_id>/sent/", check.submitted, name="submitted"),
    path("applications/<uuid:draft_id>/discard/", applications.discard, name="discard"),
    path("applications/<uuid:draft_id>/restore/", applications.restore, name="restore"),
    path("applications/<uuid:draft_id>/history/", history.history, name="history"),
    path("applications/<uuid:draft_id>/history/bring-back/", history.bring_back, name="bring_back"),
    path("applications/<uuid:draft_id>/<slug:name>/", steps.step, name="step"),
    path("orders/", beneficiary.orders, name="list"),
    path("orders/<slug:number>/", beneficiary.order, name="detail"),
    path("orders/<slug:number>/act.pdf", beneficiary.act_pdf, name="act"),
    path("orders/<slug:number>/card/", beneficiary.card, name="card"),
    path("orders/<slug:number>/again/", repeating.again, name="again"),
    path("orders/<slug:number>/sign/<slug:paper>/", signing.sign, name="sign"),
    path("orders/<slug:number>/sign/<slug:paper>/text/", signing.text, name="sign_text"),
    path("orders/<slug:number>/recalls/<int:holder_id>/", recalls.answer, name="answer_recall"),
    path("orders/<slug:number>/<slug:action>/", beneficiary.step, name="order_step"),
    path("recalls/<int:recall_id>/holders/", recalls.holders_page, name="recall_holders"),
    path("office/", office.desk, name="office"),
    path("office/people/", office.people, name="office_people"),
    path("office/people/<int:person_id>/", office.person, name="office_person"),
    path("office/people/<int:person_id>/start/", office.start, name="office_start"),
    path("supplier/", supplier.desk, name="supplier_desk"),
    path("supplier/orders/<slug:number>/", supplier.order, name="supplier_order"),
    path("supplier/orders/<slug:number>/<slug:action>/", supplier.step, name="supplier_step"),
]
