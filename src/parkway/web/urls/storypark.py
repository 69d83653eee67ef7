"""Storypark's addresses, below /storypark/SERVICE/."""

from django.urls import path

from parkway.web.views import profiles

urls = [
    path("", profiles.index, name="storypark-children"),
]
