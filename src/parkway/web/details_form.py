"""The form of the synced fields, as their table describes them (D11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from parkway.domain import SYNCED_FIELDS, FieldKind, SyncedField


class DetailsForm(forms.Form):
    """The synced fields of a child or a profile; rooms are chosen from those that there are, if any."""

    def __init__(self, rooms: Sequence[str], *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        own = dict(self.fields)  # those of a form with more to type come last
        self.fields.clear()
        for field in SYNCED_FIELDS:
            if field.kind is not FieldKind.ROOMS or rooms:
                self.fields[field.name] = _input(field, rooms)
        self.fields.update(own)

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, by the names of the fields that are in the form."""
        typed = {name: self.cleaned_data[name] for name in self.fields if name in self.cleaned_data}
        return {name: frozenset(value) if isinstance(value, list) else value for name, value in typed.items()}


def day_field(label: str, help_text: str = "", required: bool = True) -> forms.DateField:
    """A day, with the browser's own calendar."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=help_text, required=required, widget=widget)


def _input(field: SyncedField, rooms: Sequence[str]) -> forms.Field:
    """What a synced field is typed or chosen with."""
    if field.kind is FieldKind.DAY:
        return day_field(field.label, field.hint, required=False)
    if field.kind is FieldKind.ROOMS:
        return forms.MultipleChoiceField(
            label=field.label,
            help_text=field.hint,
            required=False,
            choices=[(name, name) for name in rooms],
            widget=forms.CheckboxSelectMultiple,
        )
    return forms.CharField(
        label=field.label, help_text=field.hint, required=False, max_length=field.longest or None
    )
