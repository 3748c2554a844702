"""Addresses of leads and cases."""

from django.urls import path

from songhua.web.cases import files, leads

app_name = "cases"
urlpatterns = [
    path("cases/", leads.listed, name="leads"),
    path("cases/leads/<str:key>/", leads.shown, name="lead"),
    path("cases/leads/<str:key>/dismiss/", leads.dismiss, name="dismiss"),
    path("cases/leads/<str:key>/restore/", leads.restore, name="restore"),
    path("cases/leads/<str:key>/join/", leads.join, name="join"),
    path("cases/run/", leads.run, name="run"),
    path("cases/run/<str:job_id>/", leads.run_job, name="run_job"),
    path("cases/run/<str:job_id>/stop/", leads.run_stop, name="run_stop"),
    path("cases/files/", files.listed, name="cases"),
    path("cases/files/<str:number>/", files.shown, name="case"),
    path("cases/files/<str:number>/print/", files.printed, name="print"),
    path("cases/files/<str:number>/move/", files.move, name="move"),
    path("cases/files/<str:number>/decide/", files.decide, name="decide"),
    path("cases/files/<str:number>/leads/<str:key>/remove/", files.remove, name="remove"),
    path("cases/files/<str:number>/people/", files.person, name="person"),
    path(
        "cases/files/<str:number>/people/<int:person_id>/end/", files.person_end, name="person_end"
    ),
    path("cases/files/<str:number>/documents/", files.document, name="document"),
    path("cases/files/<str:number>/documents/<int:document_id>/", files.download, name="download"),
    path(
        "cases/files/<str:number>/documents/<int:document_id>/end/",
        files.document_end,
        name="document_end",
    ),
]
