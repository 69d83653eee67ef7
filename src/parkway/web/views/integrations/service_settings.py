"""The page "Settings", and a page for each change on it: typed, shown with what it does, and then exactly
that (D33, B1). They work without syncing, too: then there is only something to save.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from parkway.domain import InactivePolicy, Invalid, Limits, Window
from parkway.engine import wording
from parkway.sync.commands import changes
from parkway.sync.models import Stage
from parkway.sync.queries.service_status import service_statuses
from parkway.tenancy.models import WIDEST_WINDOW, Service, Subject
from parkway.tenancy.people import Permission
from parkway.web.access import Visit, at_service
from parkway.web.errors import add_to
from parkway.web.middleware import typed
from parkway.web.presenters import change_history, time_zones
from parkway.web.views.history import SYNCING, whole_history
from parkway.web.views.integrations.confirmations import show_and_confirm, show_or_do

SEE = "see"  # what the form sends along when what was typed is to be shown with what it does
FIND = "find"


@require_safe
@at_service()
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What syncing depends on at the service, each with the way to change it; everybody there may see it."""
    [status] = service_statuses([visit.service])
    context = {
        "page_part": "settings",
        "status": status,
        "enabled": status.stage is not Stage.DISABLED,
        "window": visit.service.window,
        "limits": _limits(visit.service),
        "place": time_zones.place(visit.service.time_zone),
        "now": timezone.now(),
        "other_policy": InactivePolicy.LEAVE if status.stays else InactivePolicy.STAY,
        "changes": change_history.latest(visit.service, [Subject.SERVICE], visit.service.slug),
    }
    return render(request, "web/integrations/settings.html", context)


@require_safe
@at_service()
def history(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every change of the service and of its integration."""
    slug = visit.service.slug
    back = reverse("settings", args=[slug])
    return whole_history(request, visit, [Subject.SERVICE], slug, of="the settings", back=back, base=SYNCING)


def _number(label: str, most: int, wrong: str, help_text: str) -> forms.IntegerField:
    """A whole number from 0; `wrong` tells what to type when it is none."""
    errors = dict.fromkeys(("required", "invalid", "min_value", "max_value"), wrong)
    return forms.IntegerField(
        label=label, min_value=0, max_value=most, help_text=help_text, error_messages=errors
    )


DAYS = f"Type a number of days, from 0 to {WIDEST_WINDOW:,}."
MOST_ARCHIVES = 1_000_000


class WindowForm(forms.Form):
    """Both widths of the active window."""

    lookback = _number(
        "Days back",
        WIDEST_WINDOW,
        DAYS,
        "So many days after a booking ended the child is still Active. 8 weeks are 56 days.",
    )
    lookahead = _number(
        "Days ahead",
        WIDEST_WINDOW,
        DAYS,
        "So many days before a booking starts the child becomes Active. 4 weeks are 28 days.",
    )


class TimeZoneForm(forms.Form):
    """A time zone; of those that a search found, where there is one."""

    time_zone = forms.ChoiceField(
        label="Time zone", error_messages={"invalid_choice": "Choose one of the places in the list."}
    )

    def __init__(self, *given: Any, search: str = "", **more: Any) -> None:
        super().__init__(*given, **more)
        field = self.fields["time_zone"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the checker of types which one it is
        field.choices = time_zones.grouped(time_zones.places())
        self.found = time_zones.found(search)
        if search and self.found:
            field.widget.choices = time_zones.grouped(self.found)


class LimitsForm(forms.Form):
    """Above what a run waits for a person."""

    archives = _number(
        "Profiles",
        MOST_ARCHIVES,
        f"Type a number of profiles, from 0 to {MOST_ARCHIVES:,}.",
        "A run that would archive no more than this many goes through by itself.",
    )
    percent = _number(
        "Share of the live profiles, in %",
        100,
        "Type a share from 0 to 100.",
        "A run that would archive no more than this share goes through by itself, too.",
    )


@dataclass(frozen=True)
class Changing:
    """One of the changes: its page, its form, and the value that `preview` and `confirm` take."""

    address: str
    title: str
    act: str
    form: Callable[..., forms.Form]
    now: Callable[[Service], Mapping[str, Any]]
    change: Callable[[Mapping[str, Any]], changes.Change]


def _limits(service: Service) -> Limits:
    """Return the limits of the service, also before support enabled syncing."""
    [status] = service_statuses([service])
    return status.integration.limits if status.integration is not None else Limits()


WINDOW = Changing(
    "change-window",
    "Change the active window",
    "Change the window",
    WindowForm,
    lambda service: service.window._asdict(),
    lambda values: changes.ChangeWindow(Window(**values)),
)
TIME_ZONE = Changing(
    "change-time-zone",
    "Change the time zone",
    "Change the time zone",
    TimeZoneForm,
    lambda service: {"time_zone": service.time_zone},
    lambda values: changes.ChangeTimeZone(**values),
)
LIMITS = Changing(
    "change-limits",
    "Change when a run waits for a person",
    "Change the limits",
    LimitsForm,
    lambda service: _limits(service)._asdict(),
    lambda values: changes.ChangeLimits(Limits(**values)),
)


@show_and_confirm
@at_service(Permission.CHANGE_INTEGRATION)
def window(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Change the active window (D1)."""
    return _change(request, visit, WINDOW)


@show_and_confirm
@at_service(Permission.CHANGE_INTEGRATION)
def time_zone(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Change the time zone in which days begin and end (D1)."""
    return _change(request, visit, TIME_ZONE)


@show_and_confirm
@at_service(Permission.CHANGE_INTEGRATION)
def limits(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Change above what a run is held (D12)."""
    return _change(request, visit, LIMITS)


def _change(request: HttpRequest, visit: Visit, what: Changing) -> HttpResponse:
    """Show the form; what was typed with what it does; and, when that is confirmed, do exactly that."""
    before_sign_in = typed(request) if request.method != "POST" else None
    sent = request.POST if request.method == "POST" else before_sign_in or request.GET
    now = what.now(visit.service)
    if request.method != "POST" and before_sign_in is None and SEE not in sent:
        initial = {name: sent.get(name, value) for name, value in now.items()}
        return _form(request, visit, what, what.form(initial=initial, **_search(what, sent)))
    form = what.form(sent)
    if not form.is_valid():
        return _form(request, visit, what, form)
    values = {name: form.cleaned_data[name] for name in now}
    if values == now:
        messages.info(request, "That is the setting already. Nothing was changed.")
        return redirect("settings", visit.service.slug)
    try:
        return _show_or_do(request, visit, what, values)
    except Invalid as refused:
        add_to(form, refused)
        return _form(request, visit, what, form)


def _search(what: Changing, sent: Mapping[str, Any]) -> dict[str, str]:
    return {"search": sent.get(FIND, "")} if what is TIME_ZONE else {}


def _form(request: HttpRequest, visit: Visit, what: Changing, form: forms.Form) -> HttpResponse:
    context = {
        "page_part": "settings",
        "what": what,
        "form": form,
        "see": SEE,
        "find": FIND,
        "search": request.GET.get(FIND, ""),
        "place": time_zones.place(visit.service.time_zone),
    }
    return render(request, "web/integrations/settings_form.html", context)


def _show_or_do(
    request: HttpRequest, visit: Visit, what: Changing, values: Mapping[str, Any]
) -> HttpResponse:
    """Show what another value does, and do it once it is confirmed; then back to the settings."""
    zone = values.get("time_zone", visit.service.time_zone)
    there = timezone.now().astimezone(ZoneInfo(zone))
    context: dict[str, object] = {
        "page_part": "settings",
        "what": what,
        "values": values,
        "window": Window(**values) if what is WINDOW else None,
        "limits": Limits(**values) if what is LIMITS else None,
        "place": time_zones.place(zone),
        "there": f"{wording.clock(there)} on {wording.written(there, 'EEEE d MMMM')}",
        "otherwise": "Save",
        "act": what.act,
    }
    return show_or_do(
        request, visit, "web/integrations/settings_change.html", context, what.change(values), "settings"
    )
