"""Addresses of the links."""

from django.urls import path

from songhua.web.links import accepting, gaps, requests, views

app_name = "links"
urlpatterns = [
    path("links/", views.listed, name="list"),
    path("links/aside/", views.aside, name="aside"),
    path("links/aside/<int:aside_id>/release/", views.release, name="release"),
    path("links/aside/release/", views.release_all, name="release_all"),
    path("links/aside/<int:aside_id>/accept/", accepting.accept, name="accept"),
    path("links/requests/", requests.listed, name="requests"),
    path("links/requests/<int:number>/", requests.one, name="request"),
    path("links/gaps/", gaps.listed, name="gaps"),
    path("links/gaps/<int:number>/explain/", gaps.explain, name="explain_gap"),
    path("links/gaps/<int:number>/ask/", gaps.ask, name="ask_gap"),
    path("links/<str:mn>/request/", requests.new, name="request_new"),
    path("links/<str:mn>/request/send/", requests.send, name="request_send"),
    path("links/console/", views.console, name="console"),
]
