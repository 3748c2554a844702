"""Addresses of the verdicts."""

from django.urls import path

from songhua.web.verdicts import rulebook, views

app_name = "verdicts"
urlpatterns = [
    path("verdicts/", views.listed, name="list"),
    path("verdicts/rules/", rulebook.listed, name="rules"),
    path("verdicts/rules/new/", rulebook.new, name="rule_new"),
    path("verdicts/rules/preview/", rulebook.preview, name="rule_preview"),
    path("verdicts/rules/<int:key>/end/", rulebook.end, name="rule_end"),
]
