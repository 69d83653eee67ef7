"""What people type in Manage."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile

from parkway.connectors.csv_files import WEEKDAYS
from parkway.domain import LONGEST, BookingKind, BookingState, Details
from parkway.engine.wording import weekday
from parkway.manage.models import Booking, Room
from parkway.web.details_form import DetailsForm, day_field

LARGEST = 20_000_000  # bytes of one file
DAYS = {day: weekday(number) for number, day in enumerate(WEEKDAYS)}


class ChildForm(DetailsForm):
    """A child's details."""

    new_room = forms.CharField(
        required=False,
        max_length=LONGEST["rooms"],
        help_text="For a room that Manage does not have yet. The child is put into it too.",
    )

    def details(self) -> Details:
        """What was typed, as a value."""
        values = self.values
        new_room = values.pop("new_room")
        rooms = {*values.get("rooms", ()), *([new_room] if new_room else [])}
        return Details.of({**values, "rooms": frozenset(rooms)})


class BookingForm(forms.Form):
    """A permanent or a casual booking."""

    weekdays = forms.MultipleChoiceField(
        label="On these days of the week",
        choices=[*DAYS.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one day of the week."},
    )
    starts_on = day_field("First day")
    ends_on = day_field("Last day", "Leave it empty for a booking without an end.", required=False)
    room = forms.ModelChoiceField(Room.objects.none(), required=False, empty_label="No room")
    state = forms.ChoiceField(
        label="Is it certain?",
        choices=[
            (BookingState.CONFIRMED.value, "Confirmed: it counts for the status"),
            (BookingState.OFFERED.value, "Offered: it does not count until it is confirmed"),
        ],
        widget=forms.RadioSelect,
        initial=BookingState.CONFIRMED.value,
    )

    def __init__(self, kind: BookingKind, rooms: Any, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        cast("forms.ModelChoiceField[Room]", self.fields["room"]).queryset = rooms
        if kind is BookingKind.CASUAL:
            del self.fields["weekdays"]
            self.fields["starts_on"].label = "Day"
            self.fields["ends_on"].help_text = "Only for several days in a row."


class ArchiveForm(forms.Form):
    """The day on which a child left."""

    on = day_field("Archived on", "Today, or an earlier day.")


class EndForm(forms.Form):
    """The last day of a booking."""

    ends_on = day_field("Last day", "Leave it empty for a booking without an end.", required=False)

    def __init__(self, booking: Booking, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        if booking.kind == BookingKind.CASUAL.value:
            field = self.fields["ends_on"]
            field.required, field.help_text = True, "A casual booking has a last day."


class ManageRoomForm(forms.Form):
    """A room's name."""

    name = forms.CharField(max_length=LONGEST["rooms"])


class FilesForm(forms.Form):
    """Files of children and bookings."""

    children = forms.FileField(label="Children (CSV)", widget=forms.FileInput(attrs={"accept": ".csv"}))
    bookings = forms.FileField(
        label="Bookings (CSV)",
        required=False,
        help_text="Without it, bookings stay as they are.",
        widget=forms.FileInput(attrs={"accept": ".csv"}),
    )

    def clean_children(self) -> UploadedFile:
        return _small(self.cleaned_data["children"])

    def clean_bookings(self) -> UploadedFile | None:
        given = self.cleaned_data["bookings"]
        return _small(given) if given else None


def _small(given: UploadedFile) -> UploadedFile:
    size = given.size or 0
    if size > LARGEST:
        raise forms.ValidationError(
            f"The file has {size / 1e6:.1f} MB, and at most {LARGEST / 1e6:.0f} MB can be sent here. "
            "Split it, or ask support to import it."
        )
    return given
