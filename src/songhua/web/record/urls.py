"""Addresses of the record."""

from django.urls import path

from songhua.web.record import influence, views

app_name = "record"
urlpatterns = [
    path("record/", views.listed, name="acts"),
    path("record/acts.csv", views.table, name="table"),
    path("record/acts/<int:seq>/", views.shown, name="act"),
    path("record/changes/", views.unclaimed, name="changes"),
    path("record/influence/", influence.listed, name="influences"),
    path("record/influence/new/", influence.report, name="report"),
    path("record/influence/<int:seq>/", influence.shown, name="influence"),
    path("record/influence/<int:seq>/<int:file>/", influence.attachment, name="attachment"),
]
