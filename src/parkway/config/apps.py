"""Wiring: who carries out what another room only asks for."""

from django.apps import AppConfig


class ConfigApp(AppConfig):
    name = "parkway.config"
    label = "config"

    def ready(self) -> None:
        from parkway.config.readers import READERS
        from parkway.jobs.inline import RunInline
        from parkway.sync import outbox
        from parkway.sync.schedule import run_requests

        outbox.subscribe(*READERS)
        run_requests.subscribe(RunInline())
