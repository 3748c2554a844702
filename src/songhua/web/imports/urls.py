"""Addresses of imports."""

from django.urls import path

from songhua.web.imports import sending, views

app_name = "imports"
urlpatterns = [
    path("imports/", views.listed, name="list"),
    path("imports/<int:file_id>/", views.file, name="file"),
    path("imports/upload/", sending.choose, name="upload"),
    path("imports/upload/<slug:upload_id>/", sending.columns, name="columns"),
    path("imports/job/<slug:job_id>/", sending.job, name="job"),
    path("imports/job/<slug:job_id>/stop/", sending.stop, name="stop"),
]
