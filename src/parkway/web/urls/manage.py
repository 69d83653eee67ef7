"""Manage's addresses, below /manage/SERVICE/."""

from django.urls import path

from parkway.web.views import manage_children

urls = [
    path("", manage_children.index, name="manage-children"),
]
