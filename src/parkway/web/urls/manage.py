"""Manage's addresses, below /manage/SERVICE/."""

from django.urls import path

from parkway.web.views import (
    manage_bookings,
    manage_changes,
    manage_child,
    manage_children,
    manage_files,
    manage_rooms,
)

CHILD = "children/<int:child>/"
BOOKING = f"{CHILD}bookings/<int:booking>/"

urls = [
    path("", manage_children.index, name="manage-children"),
    path("children.csv", manage_files.export, name="manage-export"),
    path("children/add/", manage_child.add, name="manage-child-add"),
    path(CHILD, manage_child.show, name="manage-child"),
    path(f"{CHILD}edit/", manage_child.edit, name="manage-child-edit"),
    path(f"{CHILD}archive/", manage_changes.archive, name="manage-child-archive"),
    path(f"{CHILD}unarchive/", manage_changes.unarchive, name="manage-child-unarchive"),
    path(f"{CHILD}book/<str:kind>/", manage_bookings.book, name="manage-book"),
    path(f"{BOOKING}confirm/", manage_bookings.confirm, name="manage-booking-confirm"),
    path(f"{BOOKING}end/", manage_bookings.end, name="manage-booking-end"),
    path(f"{BOOKING}cancel/", manage_bookings.cancel, name="manage-booking-cancel"),
    path("rooms/", manage_rooms.index, name="manage-rooms"),
    path("rooms/<int:room>/", manage_rooms.rename, name="manage-room"),
    path("import/", manage_files.take, name="manage-import"),
    path("import/carry-out/", manage_files.carry_out, name="manage-import-carry-out"),
    path("import/example-<str:kind>.csv", manage_files.example, name="manage-example"),
]
