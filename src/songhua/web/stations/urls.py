"""Addresses of stations, regions and explanations."""

from django.urls import path

from songhua.web.stations import views

app_name = "stations"
urlpatterns = [
    path("stations/", views.stations, name="list"),
    path("stations/<str:key>/", views.station, name="station"),
    path("regions/<str:key>/", views.region, name="region"),
    path("why/", views.why, name="why"),
]
