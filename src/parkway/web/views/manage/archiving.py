"""Manage: archiving a child and taking one back, each with what it will do stated before."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from parkway.domain import Conflict, Invalid, Status
from parkway.manage import preview, verbs
from parkway.tenancy.people import Permission
from parkway.web.access import Visit, at_service
from parkway.web.errors import add_to
from parkway.web.middleware import typed
from parkway.web.presenters import manage_changes
from parkway.web.views.manage.forms import ArchiveForm


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_MANAGE)
def archive(request: HttpRequest, visit: Visit, child: int) -> HttpResponse:
    """Archive a child, today or on an earlier day (D3)."""
    now = timezone.now()
    today = visit.service.today(now)
    found = manage_changes.the_record(visit, child, now).child
    if found.status == Status.ARCHIVED:
        messages.info(request, f"{found} is archived already.")
        return redirect("manage-child", visit.service.slug, child)
    form = ArchiveForm(request.POST if request.method == "POST" else typed(request), initial={"on": today})
    if request.method == "POST" and form.is_valid():
        try:
            verbs.archive_child(found, form.cleaned_data["on"], by=visit.by, now=now)
        except (Conflict, Invalid) as refused:
            add_to(form, refused)
        else:
            manage_changes.flash_impact(request, visit, found, f"{found} is archived in Manage.", now)
            return redirect("manage-child", visit.service.slug, child)
    context = manage_changes.before(visit, found, preview.archived(found, today), now)
    context |= {
        "form": form,
        "title": f"Archive {found}?",
        "button": f"Archive {found} in Manage",
        "danger": True,
    }
    return render(request, "web/manage/change.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_MANAGE)
def unarchive(request: HttpRequest, visit: Visit, child: int) -> HttpResponse:
    """Take an archived child back (D3)."""
    now = timezone.now()
    today = visit.service.today(now)
    found = manage_changes.the_record(visit, child, now).child
    if found.status != Status.ARCHIVED:
        messages.info(request, f"{found} is not archived.")
        return redirect("manage-child", visit.service.slug, child)
    if request.method == "POST":
        verbs.unarchive_child(found, by=visit.by, now=now)
        manage_changes.flash_impact(
            request, visit, found, f"{found} is back, and {found.status} in Manage.", now
        )
        return redirect("manage-child", visit.service.slug, child)
    context = manage_changes.before(visit, found, preview.unarchived(found, today), now)
    context |= {"title": f"Unarchive {found}?", "button": f"Unarchive {found} in Manage"}
    return render(request, "web/manage/change.html", context)
