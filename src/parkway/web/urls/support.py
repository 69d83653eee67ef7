"""The addresses for support staff, below /support/."""

from django.urls import path

from parkway.web.views.support import overview

urls = [
    path("", overview.index, name="support"),
    path("<slug:slug>/enable/", overview.enable, name="enable"),
]
