"""The pages, one folder a room. The top bar shows a room as soon as its address is listed here."""

from django.urls import include, path

urlpatterns = [
    path("", include("songhua.web.map.urls")),
    path("", include("songhua.web.account.urls")),
    path("", include("songhua.web.stations.urls")),
    path("", include("songhua.web.cities.urls")),
    path("", include("songhua.web.law.urls")),
    path("", include("songhua.web.review.urls")),
    path("", include("songhua.web.verdicts.urls")),
    path("", include("songhua.web.imports.urls")),
    path("", include("songhua.web.links.urls")),
    path("", include("songhua.web.lab.urls")),
    path("", include("songhua.web.cases.urls")),
    path("", include("songhua.web.record.urls")),
    path("", include("songhua.web.notices.urls")),
    path("", include("songhua.web.capture.urls")),
]
