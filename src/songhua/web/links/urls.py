"""Addresses of the links."""

from django.urls import path

from songhua.web.links import (
    accepting,
    alarming,
    forward,
    frames,
    gaps,
    logger,
    requests,
    sources,
    views,
)

app_name = "links"
urlpatterns = [
    path("links/", views.listed, name="list"),
    path("links/aside/", views.aside, name="aside"),
    path("links/aside/<int:aside_id>/release/", views.release, name="release"),
    path("links/aside/release/", views.release_all, name="release_all"),
    path("links/sources/", sources.listed, name="sources"),
    path("links/sources/<int:source_id>/", sources.asides, name="source"),
    path("links/sources/<int:source_id>/release/", sources.release, name="source_release"),
    path("links/nodes/", views.nodes, name="nodes"),
    path("links/aside/<int:aside_id>/accept/", accepting.accept, name="accept"),
    path("links/requests/", requests.listed, name="requests"),
    path("links/requests/<int:number>/", requests.one, name="request"),
    path("links/requests/<int:number>/photo/", requests.photo, name="photo"),
    path("links/gaps/", gaps.listed, name="gaps"),
    path("links/gaps/<int:number>/explain/", gaps.explain, name="explain_gap"),
    path("links/gaps/<int:number>/ask/", gaps.ask, name="ask_gap"),
    path("links/<str:mn>/request/", requests.new, name="request_new"),
    path("links/<str:mn>/look/", requests.look, name="look"),
    path("links/<str:mn>/request/send/", requests.send, name="request_send"),
    path("links/console/", views.console, name="console"),
    path("links/forward/", forward.listed, name="forward"),
    path("links/forward/<int:upstream_id>/switch/", forward.switch, name="forward_switch"),
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
