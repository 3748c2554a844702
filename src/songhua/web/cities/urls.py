"""Addresses of the cities."""

from django.urls import path

from songhua.web.cities import comparing, views

app_name = "cities"
urlpatterns = [
    path("cities/", views.ranking, name="ranking"),
    path("cities/calendar/", views.calendar, name="calendar"),
    path("cities/trend/", views.trend, name="trend"),
    path("cities/<slug:code>/", views.city, name="city"),
    path("compare/", comparing.compare, name="compare"),
]
