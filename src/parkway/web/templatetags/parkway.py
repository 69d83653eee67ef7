"""How days, moments, numbers and states are written on the pages; built into every template."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from parkway.domain import Details, EndNames, Step, label_of
from parkway.engine import wording
from parkway.storypark.models import Profile
from parkway.sync.models import Run, RunState
from parkway.tenancy.models import Service
from parkway.web import idempotency

register = template.Library()

STATES = {
    "Active": "good",
    "live": "good",
    "Published": "good",
    "on": "good",
    "off": "resting",
    "needs you": "attention",
    "Draft": "resting",
    "Inactive": "resting",
    "Archived": "gone",
    "archived": "gone",
    "deleted": "gone",
    "missing": "attention",
    "healthy": "good",
    "waits for a space": "waiting",
    "needs a person": "attention",
    "confirmed": "good",
    "offered": "waiting",
    "cancelled": "gone",
}


@register.filter
def day(value: date | None) -> str:
    """A day as people in Australia and New Zealand write it: 4 March 2026."""
    return wording.written(value, "d MMMM y") if value else ""


@register.filter
def weekday(value: date) -> str:
    """A day in a week that is known: Tuesday 4 March."""
    return wording.written(value, "EEEE d MMMM")


@register.filter
def born(value: date | None) -> str:
    """A date of birth, or that it is not known."""
    return day(value) or "not known"


@register.filter
def full_name(details: Details) -> str:
    """First and last name, with the preferred one in quotes."""
    preferred = f"“{details.preferred_name}”" if details.preferred_name else ""
    return " ".join(filter(None, [details.first_name, preferred, details.last_name]))


@register.filter
def moment(value: datetime | None, service: Service) -> str:
    """An instant on the service's clock: 4 March 2026, 2:05 pm."""
    if value is None:
        return ""
    local = value.astimezone(service.zone)
    clock = wording.clock(local).replace(" ", "\u00a0")
    return f"{day(local.date())}, {clock}"


@register.filter
def counted(number: int, word: str) -> str:
    """A number with its word: `3|counted:"child,children"` is "3 children"."""
    singular, _, plural = word.partition(",")
    return wording.count(number, singular, plural or None)


@register.filter
def width(days: int) -> str:
    """A number of days as people say it: 8 weeks, 10 days."""
    return wording.width(days)


@register.filter
def place(number: int) -> str:
    """A place in a queue: 3rd."""
    return wording.ordinal(number)


@register.filter
def words(slug: str) -> str:
    """An identifier as words: "leave_out" is "leave out"."""
    return slug.replace("_", " ").replace("-", " ")


@register.filter
def field_label(name: str) -> str:
    """What people call a synced field."""
    return label_of(name)


RULES = {
    "missing-from-source": "Missing from {0.roster}",
    "missing-kept": "Missing from {0.roster}, and kept",
    "missing-let-go": "Missing from {0.roster}, and archived",
    "dont-add": "Don't add",
    "kept": "Kept after a run was rejected",
    "archived": "Archived in {0.roster}",
    "active": "Active in {0.roster}",
    "inactive-stays": "Inactive children stay",
    "keep-until": "Kept until a day",
    "inactive-leaves": "Inactive children leave",
    "no-space": "No space is free",
    "please-check": "Please check",
}


@register.filter
def rule(slug: str, names: EndNames) -> str:
    """What people call a rule at a service with ends of these names; the help page explains each."""
    return RULES[slug].format(names)


@register.filter
def in_full(name: str) -> str:
    """The name of an end where people first meet it: Manage alone would say little."""
    return "Storypark Manage" if name == "Manage" else name


STEPS = {
    Step.CREATE: "new profile",
    Step.LINK: "linked",
    Step.RESTORE: "restored",
    Step.UPDATE: "updated",
    Step.NO_CHANGE: "unchanged",
    Step.ARCHIVE: "archived",
    Step.LEAVE_OUT: "left out",
    Step.WAIT: "waits for a space",
    Step.NEEDS_REVIEW: "needs a person",
}


@register.filter
def done(step: str) -> str:
    """What a step did for a child, in words for people."""
    return STEPS[Step(step)] if step else "not looked at yet"


@register.filter
def did(run: Run) -> str:
    """What a run did: "2 created, 1 archived"."""
    if run.state != RunState.DONE:
        return run.get_state_display()
    return wording.what_was_done(run.counts)


@register.simple_tag
def label(text: str) -> SafeString:
    """A status as a label: colour and word."""
    return format_html('<span class="label {}">{}</span>', STATES.get(text, "plain"), text)


@register.simple_tag(takes_context=True)
def carried_out_once(context: template.Context) -> SafeString:
    """The mark by which a form that arrives twice is known."""
    field = '<input type="hidden" name="{}" value="{}">'
    return format_html(field, idempotency.FIELD, idempotency.form_mark(context["request"]))


@register.simple_tag
def portrait(profile: Profile, size: int = 40) -> SafeString:
    """A profile's initials in a circle, in place of a photo; decoration beside the name."""
    letters = f"{profile.first_name[:1]}{profile.last_name[:1]}".upper()
    return format_html(
        '<svg class="portrait tone-{}" viewBox="0 0 40 40" width="{}" height="{}" aria-hidden="true">'
        '<circle cx="20" cy="20" r="20"/>'
        '<text x="20" y="20" dy="0.35em" text-anchor="middle">{}</text></svg>',
        "gone" if profile.state != "live" else profile.pk % 4,
        size,
        size,
        letters,
    )
