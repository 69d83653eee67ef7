"""The sync app."""

from django.apps import AppConfig


class SyncApp(AppConfig):
    name = "parkway.sync"
    label = "sync"
