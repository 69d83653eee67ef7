"""The storypark app."""

from django.apps import AppConfig


class StoryparkApp(AppConfig):
    name = "parkway.storypark"
    label = "storypark"
