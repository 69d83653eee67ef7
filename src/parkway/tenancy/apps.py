"""The tenancy app."""

from django.apps import AppConfig


class TenancyApp(AppConfig):
    name = "parkway.tenancy"
    label = "tenancy"
