"""Addresses of the verdicts."""

from django.urls import path

from songhua.web.verdicts import views

app_name = "verdicts"
urlpatterns = [
    path("verdicts/", views.listed, name="list"),
]
