"""The tenancy app."""

from django.apps import AppConfig


class TenancyApp(AppConfig):
    name = "parkway.tenancy"
    label = "tenancy"

    def ready(self) -> None:
        from parkway.tenancy import scope  # noqa: F401 - it hears of every connection that is opened
