"""The web app."""

from django.apps import AppConfig


class WebApp(AppConfig):
    name = "parkway.web"
    label = "web"
