"""Addresses of the links."""

from django.urls import path

from songhua.web.links import forward, sources, views

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
    path("links/console/", views.console, name="console"),
    path("links/forward/", forward.listed, name="forward"),
    path("links/forward/<int:upstream_id>/switch/", forward.switch, name="forward_switch"),
]
