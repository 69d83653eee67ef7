"""Wiring: who carries out what another room only asks for."""

from django.apps import AppConfig


class ConfigApp(AppConfig):
    name = "parkway.config"
    label = "config"

    def ready(self) -> None:
        from parkway.jobs.here import RunHere
        from parkway.sync import wake

        wake.wire(RunHere())
