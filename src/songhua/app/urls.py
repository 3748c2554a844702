"""Every address of the platform."""

from django.contrib import admin
from django.urls import include, path

from songhua.api import api

urlpatterns = [
    path("api/", api.urls),
    path("admin/", admin.site.urls),
    path("", include("songhua.web.urls")),
]
