"""Addresses of data capture."""

from django.urls import path

from songhua.web.capture import views

app_name = "capture"
urlpatterns = [
    path("capture/", views.ranked, name="league"),
    path("capture/<slug:key>/", views.site, name="site"),
]
