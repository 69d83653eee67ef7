"""All that people changed in one child, room, profile, story or account, a page at a time."""

from __future__ import annotations

from collections.abc import Collection

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from parkway.tenancy import change_log
from parkway.tenancy.models import Subject
from parkway.web.access import Visit
from parkway.web.paging import page_of
from parkway.web.presenters import change_history
from parkway.web.presenters.change_history import Names

MANAGE, STORYPARK = "web/manage/base.html", "web/storypark/base.html"
SYNCING = "web/integrations/base.html"


def whole_history(
    request: HttpRequest,
    visit: Visit,
    subjects: Collection[Subject],
    subject_id: str,
    *,
    of: str,
    back: str,
    base: str,
    names: Names | None = None,
) -> HttpResponse:
    """The page with all changes of one subject, for the people whom its own page, at `back`, lets in."""
    page = page_of(request, change_log.history(visit.service, subjects, subject_id))
    context = {
        "page": page,
        "lines": change_history.lines(page.object_list, names),
        "of": of,
        "back": back,
        "base": base,
    }
    return render(request, "web/history.html", context)
