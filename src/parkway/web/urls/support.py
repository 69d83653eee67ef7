"""The addresses for support staff, below /support/."""

from django.urls import path

from parkway.web.views.support import services

urls = [
    path("", services.index, name="support"),
    path("<slug:slug>/enable/", services.enable, name="enable"),
]
