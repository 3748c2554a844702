"""Addresses of the map, the wall and the colours of levels."""

from django.urls import path

from songhua.web.map import views

urlpatterns = [
    path("", views.one_map, name="map"),
    path("wall", views.wall, name="wall"),
    path("levels.css", views.levels_css, name="levels.css"),
]
