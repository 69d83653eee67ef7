"""Storypark: stories about one or more live children, as drafts and published."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from parkway.domain import Conflict, Invalid, NotFound, ProfileState
from parkway.storypark import listing, verbs
from parkway.storypark.models import Profile, Story, StoryState
from parkway.tenancy.models import Subject
from parkway.tenancy.people import Permission
from parkway.tenancy.scope import scope
from parkway.web import idempotency
from parkway.web.access import Visit, at_service
from parkway.web.errors import add_to
from parkway.web.middleware import typed
from parkway.web.paging import page_of
from parkway.web.presenters import change_history
from parkway.web.views.history import STORYPARK, whole_history


class StoryForm(forms.Form):
    """A story: about whom, a title, the text."""

    children = forms.MultipleChoiceField(
        label="Children",
        help_text="One or more. Only children with a live profile are listed.",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choose at least one child.",
            "invalid_choice": "A child whom you chose has no live profile any more. Please choose again.",
        },
    )
    title = forms.CharField(max_length=200)
    text = forms.CharField(
        label="Story", max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 10})
    )

    def __init__(self, live: Iterable[Profile], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.live = {str(profile.pk): profile for profile in live}
        named = [(number, full_name(profile)) for number, profile in self.live.items()]
        self.fields["children"].choices = named  # type: ignore[attr-defined]

    @property
    def about(self) -> list[Profile]:
        return [self.live[number] for number in self.cleaned_data["children"]]


def full_name(profile: Profile) -> str:
    """A child's name as a list of children to choose from writes it."""
    name = f"{profile.first_name} {profile.last_name}".strip()
    return f"{name} “{profile.preferred_name}”" if profile.preferred_name else name


@require_safe
@at_service(Permission.SEE_STORYPARK)
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """All stories of the service, the newest first."""
    state = request.GET.get("show", "")
    state = state if state in StoryState.values else ""
    page = page_of(request, listing.stories(visit.service, state), 20)
    live = listing.counts(visit.service)[ProfileState.LIVE.value]
    return render(request, "web/storypark/stories.html", {"page": page, "state": state, "live": live})


@require_safe
@at_service(Permission.SEE_STORYPARK)
def story(request: HttpRequest, visit: Visit, number: int) -> HttpResponse:
    """Read a story."""
    one = listing.story(visit.service, number)
    about = list(one.profiles.all())
    return render(
        request,
        "web/storypark/story.html",
        {
            "story": one,
            "about": about,
            "live": [each for each in about if each.state == ProfileState.LIVE.value],
            "draft": one.state == StoryState.DRAFT,
            "changes": change_history.latest(visit.service, [Subject.STORY], str(number), _names(visit)),
        },
    )


@require_safe
@at_service(Permission.SEE_STORYPARK)
def history(request: HttpRequest, visit: Visit, number: int) -> HttpResponse:
    """Everything that people changed in a story."""
    one = listing.story(visit.service, number)
    back = reverse("storypark-story", args=[visit.service.slug, number])
    return whole_history(
        request,
        visit,
        [Subject.STORY],
        str(number),
        of=f"“{one}”",
        back=back,
        base=STORYPARK,
        names=_names(visit),
    )


def _names(visit: Visit) -> dict[str, str]:
    """What the children are called, by the ids of their profiles."""
    there = scope(Profile, visit.service).exclude(state=ProfileState.DELETED.value)
    return {profile.reference: full_name(profile) for profile in there}


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.WRITE_STORIES)
def write(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Write a story about live children (R14), and keep it as a draft or publish it."""
    live = listing.profiles(visit.service)
    asked = request.GET.get("about", "")
    about = None
    if asked.isdecimal() and len(asked) < listing.LONGEST_ID:
        with suppress(NotFound):
            about = listing.profile(visit.service, int(asked))
    data = request.POST if request.method == "POST" else typed(request)
    form = StoryForm(live, data, initial={"children": [asked]})
    if request.method == "POST" and form.is_valid():
        publish = request.POST.get("do") == "publish"
        title, text = form.cleaned_data["title"], form.cleaned_data["text"]
        now = timezone.now()
        try:
            with idempotency.once(request, to=reverse("storypark-stories", args=[visit.service.slug])):
                made = verbs.write_story(form.about, title, text, publish, by=visit.by, now=now)
        except (Conflict, Invalid) as refused:
            add_to(form, refused, profiles="children")
        else:
            _flash(request, made)
            return redirect("storypark-story", visit.service.slug, made.pk)
    resting = about if about is not None and str(about.pk) not in form.live else None
    return render(request, "web/storypark/write.html", {"form": form, "resting": resting})


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.WRITE_STORIES)
def edit(request: HttpRequest, visit: Visit, number: int) -> HttpResponse:
    """Change a draft, and keep it as one or publish it."""
    one = listing.story(visit.service, number)
    if one.state != StoryState.DRAFT:
        messages.info(request, "This story is published. Published stories stay as families have seen them.")
        return redirect("storypark-story", visit.service.slug, one.pk)
    before = {"children": [str(each.pk) for each in one.profiles.all()], "title": one.title, "text": one.text}
    data = request.POST if request.method == "POST" else typed(request)
    form = StoryForm(listing.profiles(visit.service), data, initial=before)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            title, text = form.cleaned_data["title"], form.cleaned_data["text"]
            verbs.amend_story(one, form.about, title, text, by=visit.by, now=now)
            if request.POST.get("do") == "publish":
                verbs.publish_story(one, by=visit.by, now=now)
        except (Conflict, Invalid) as refused:
            add_to(form, refused, profiles="children")
        else:
            _flash(request, one)
            return redirect("storypark-story", visit.service.slug, one.pk)
    staying = [each for each in one.profiles.all() if str(each.pk) not in form.live]
    return render(request, "web/storypark/write.html", {"form": form, "story": one, "staying": staying})


@require_POST
@at_service(Permission.WRITE_STORIES)
def publish(request: HttpRequest, visit: Visit, number: int) -> HttpResponse:
    """Let families see a draft."""
    one = listing.story(visit.service, number)
    verbs.publish_story(one, by=visit.by, now=timezone.now())
    _flash(request, one)
    return redirect("storypark-story", visit.service.slug, one.pk)


def _flash(request: HttpRequest, one: Story) -> None:
    if one.state == StoryState.PUBLISHED:
        messages.success(request, "The story is published. The children's families can read it now.")
    else:
        messages.success(request, "The draft is saved. Only educators can read it until it is published.")
