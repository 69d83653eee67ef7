"""The addresses of the integrations settings page and all that belongs to it."""

from django.urls import path, register_converter

from parkway.web.converters import ChildId
from parkway.web.views.integrations import (
    child,
    confirmations,
    runs,
    service_settings,
    settings_page,
    setup,
    setup_summary,
)

register_converter(ChildId, "child")

urls = [
    path("", settings_page.index, name="integrations"),
    path("sync-now/", settings_page.sync_now, name="sync-now"),
    path("progress/", settings_page.progress, name="sync-progress"),
    path("who-may-change/", settings_page.who_may_change, name="who-may-change"),
    path("settings/", service_settings.index, name="settings"),
    path("settings/history/", service_settings.history, name="settings-history"),
    path("settings/window/", service_settings.window, name="change-window"),
    path("settings/time-zone/", service_settings.time_zone, name="change-time-zone"),
    path("settings/limits/", service_settings.limits, name="change-limits"),
    path("forecast/", settings_page.forecast, name="forecast"),
    path("switch/<slug:policy>/", confirmations.switch, name="switch"),
    path("held/", confirmations.held, name="held"),
    path("off/", confirmations.off, name="turn-off"),
    path("on/", confirmations.on, name="turn-on"),
    path("runs/", runs.history, name="runs"),
    path("runs/<int:pk>/", runs.detail, name="run"),
    path("children/<child:child_id>/", child.why, name="why"),
    path("children/<child:child_id>/choose/", child.choose, name="choose"),
    path("setup/", setup.index, name="setup"),
    path("setup/many/", setup.many, name="setup-many"),
    path("setup/refresh/", setup.refresh, name="setup-refresh"),
    path("setup/children/<child:child_id>/", setup.child, name="setup-child"),
    path("setup/rooms/", setup_summary.rooms, name="setup-rooms"),
    path("setup/summary/", setup_summary.summary, name="setup-summary"),
    path("setup/done/", setup_summary.done, name="setup-done"),
]
