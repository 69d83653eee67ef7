"""The addresses of the integrations settings page and all that belongs to it."""

from django.urls import path

from parkway.web.views import integrations

urls = [
    path("", integrations.index, name="integrations"),
]
