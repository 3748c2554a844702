"""Addresses of the notices."""

from django.urls import path

from songhua.web.notices import views

app_name = "notices"
urlpatterns = [path("notices/", views.listed, name="listed")]
