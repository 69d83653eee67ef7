"""The addresses for support staff, below /support/."""

from django.urls import path

from parkway.web.views import support

urls = [
    path("", support.index, name="support"),
    path("<slug:slug>/enable/", support.enable, name="enable"),
]
