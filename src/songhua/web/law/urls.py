"""Addresses of the law."""

from django.urls import path

from songhua.web.law import views

app_name = "law"
urlpatterns = [
    path("law/", views.listed, name="list"),
    path("law/diff/", views.diff, name="diff"),
    path("law/<slug:family>/<int:year>/", views.show, name="show"),
]
