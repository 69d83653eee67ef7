"""Manage's addresses, below /manage/SERVICE/."""

from django.urls import path

from parkway.web.views.manage import archiving, bookings, child, children, files, rooms

CHILD = "children/<int:child>/"
BOOKING = f"{CHILD}bookings/<int:booking>/"

urls = [
    path("", children.index, name="manage-children"),
    path("children.csv", files.export, name="manage-export"),
    path("children/add/", child.add, name="manage-child-add"),
    path(CHILD, child.show, name="manage-child"),
    path(f"{CHILD}history/", child.history, name="manage-child-history"),
    path(f"{CHILD}edit/", child.edit, name="manage-child-edit"),
    path(f"{CHILD}archive/", archiving.archive, name="manage-child-archive"),
    path(f"{CHILD}unarchive/", archiving.unarchive, name="manage-child-unarchive"),
    path(f"{CHILD}book/<str:kind>/", bookings.book, name="manage-book"),
    path(f"{BOOKING}confirm/", bookings.confirm, name="manage-booking-confirm"),
    path(f"{BOOKING}end/", bookings.end, name="manage-booking-end"),
    path(f"{BOOKING}cancel/", bookings.cancel, name="manage-booking-cancel"),
    path("rooms/", rooms.index, name="manage-rooms"),
    path("rooms/<int:room>/", rooms.rename, name="manage-room"),
    path("rooms/<int:room>/history/", rooms.history, name="manage-room-history"),
    path("import/", files.take, name="manage-import"),
    path("import/carry-out/", files.carry_out, name="manage-import-carry-out"),
    path("import/example-<str:kind>.csv", files.example, name="manage-example"),
]
