"""Addresses of the review."""

from django.urls import path

from songhua.web.review import bench, views

app_name = "review"
urlpatterns = [
    path("review/", views.queued, name="queue"),
    path("review/decide/", views.decide, name="decide"),
    path("review/bench/", bench.bench, name="bench"),
    path("review/statistics/", views.statistics, name="statistics"),
]
