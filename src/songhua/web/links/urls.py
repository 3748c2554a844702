"""Addresses of the links."""

from django.urls import path

from songhua.web.links import alarming, frames, logger, views

app_name = "links"
urlpatterns = [
    path("links/", views.listed, name="list"),
    path("links/aside/", views.aside, name="aside"),
    path("links/aside/<int:aside_id>/release/", views.release, name="release"),
    path("links/aside/release/", views.release_all, name="release_all"),
    path("links/console/", views.console, name="console"),
    path("links/frames/", frames.found, name="frames"),
    path("links/frames/<int:seq>/<int:place>/", frames.frame, name="frame"),
    path("links/tail/", frames.tail, name="tail"),
    path("links/tail/rows/", frames.tail_rows, name="tail_rows"),
    path("links/alarms/", alarming.listed, name="alarms"),
    path("links/alarms/acknowledge/", alarming.acknowledge, name="acknowledge"),
    # An identity may be any word: these come last.
    path("links/<str:mn>/", logger.shown, name="logger"),
    path("links/<str:mn>/limits/", logger.limit, name="limits"),
    path("links/<str:mn>/rate/", logger.rate, name="rate"),
    path("links/<str:mn>/dialect/", logger.dialect, name="dialect"),
]
