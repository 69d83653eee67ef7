"""The manage app."""

from django.apps import AppConfig


class ManageApp(AppConfig):
    name = "parkway.manage"
    label = "manage"
