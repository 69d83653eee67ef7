"""Manage: children and bookings from CSV files, and children as a CSV file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from parkway.connectors.csv_files import BOOKINGS, CHILDREN, COLUMNS, Files, read_files
from parkway.connectors.csv_reading import BadFiles, CsvProblem
from parkway.domain import Conflict, Refused, Status
from parkway.engine import wording
from parkway.manage.export import children_csv
from parkway.sync.commands.file_import import LONGEST, ImportResult, StatusChange, preview_files, take_files
from parkway.tenancy.people import Permission
from parkway.web import pending_uploads
from parkway.web.access import Visit, at_service
from parkway.web.errors import add_to, flash_refused
from parkway.web.middleware import typed
from parkway.web.pending_uploads import PendingUpload
from parkway.web.presenters import manage_changes
from parkway.web.presenters.plans import show
from parkway.web.views.manage.forms import LARGEST, FilesForm

SHOWN, WARNINGS = 500, 10  # bad lines and warnings on a page
EXAMPLES = {
    "children": (
        f"{','.join(('child_id', *COLUMNS, 'archived_on'))}\n"
        "A-1,Mānaia,Hohepa,,2022-03-04,girl,Tūī,\n"
        "A-2,Oliver,Smith,Ollie,2021-11-30,boy,Kiwi;Tūī,\n"
        "A-3,Ida,Ng,,,,,2026-01-31\n"
    ),
    "bookings": (
        "child_id,kind,state,starts_on,ends_on,weekdays,room\n"
        "A-1,permanent,confirmed,2026-02-02,,mon;tue;fri,Tūī\n"
        "A-2,permanent,offered,2026-07-06,2026-12-18,wed;thu,Kiwi\n"
        "A-2,casual,confirmed,2026-03-09,,,Kiwi\n"
    ),
}
GONE = "Those files were imported already, or they waited too long. Look, and else send them again."
NO_BOOKINGS = ",".join(BOOKINGS.required) + "\n"


class ImportReport(NamedTuple):
    """What is wrong with the files that were sent: the first lines of it, and how much it is in all."""

    problems: list[CsvProblem]
    number: int
    warnings: list[str]


@require_http_methods(["GET", "HEAD", "POST"])
@at_service(Permission.CHANGE_MANAGE)
def take(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Children and bookings from files: a report of every bad line, or what taking them over will do."""
    form, report = FilesForm(None), None
    unanswered = typed(request, reverse("manage-import-carry-out", args=[visit.service.slug]))
    waiting = str(unanswered.get("waiting", "")) if unanswered else ""
    if waiting and (waited := pending_uploads.find(visit, waiting)):
        pending_uploads.claim(visit, waiting)
        return _preview_import(request, visit, waited)
    if request.method == "POST":
        form = FilesForm(request.POST, request.FILES)
        if form.is_valid():
            sent = pending_uploads.of(form.cleaned_data["children"], form.cleaned_data["bookings"])
            try:
                return _preview_import(request, visit, sent)
            except BadFiles as bad:
                report = _report(bad, sent)
            except Refused as refused:
                add_to(form, refused)
    return _page(request, visit, form, report)


def _preview_import(request: HttpRequest, visit: Visit, sent: PendingUpload) -> HttpResponse:
    """What taking the files over will do, before it is done; they wait for the answer."""
    now = timezone.now()
    files = _read(visit, sent)
    seen = preview_files(visit.service, files, visit.by, now)
    plan = show(seen.plan) if seen.plan else None
    context = {
        "waiting": pending_uploads.keep(visit, sent),
        "names": [name for name in (sent.children_name, sent.bookings_name) if name],
        "seen": seen,
        "statuses": _statuses(seen.changes),
        "plan": plan,
        "warnings": [_bare(text) for text in files.warnings[:WARNINGS]],
        "next_run": manage_changes.next_run(visit, now),
    }
    return render(request, "web/manage/import_check.html", context)


def _statuses(changes: Sequence[StatusChange]) -> list[tuple[str, list[StatusChange]]]:
    """The children whose status becomes another, by the status that they will have, and the new ones."""
    groups = []
    for status in Status:
        known = [each for each in changes if each.was and each.status == status]
        new = [each for each in changes if not each.was and each.status == status]
        become = wording.count(len(known), "child becomes", "children become")
        groups.append((f"{become} {status.value}", known))
        groups.append((f"{wording.count(len(new), 'new child', 'new children')}, {status.value}", new))
    return [(title, these) for title, these in groups if these]


@require_POST
@at_service(Permission.CHANGE_MANAGE)
def carry_out(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Take over the files that wait for their sender's answer: all of it, or nothing."""
    waiting = request.POST.get("waiting", "")
    sent = pending_uploads.find(visit, waiting)
    if sent is None:
        return _not_taken(request, visit, Conflict(GONE))
    try:
        files = _read(visit, sent)
        with transaction.atomic():  # the files go when, and only when, they are taken over
            if not pending_uploads.claim(visit, waiting):
                raise Conflict(GONE)
            taken = take_files(visit.service, files, visit.by, timezone.now())
    except BadFiles as bad:
        pending_uploads.claim(visit, waiting)
        return _page(request, visit, FilesForm(None), _report(bad, sent))
    except Refused as refused:
        pending_uploads.claim(visit, waiting)
        return _not_taken(request, visit, refused)
    _flash(request, visit, taken, files)
    return redirect("manage-children", visit.service.slug)


def _not_taken(request: HttpRequest, visit: Visit, refused: Refused) -> HttpResponse:
    flash_refused(request, refused)
    return redirect("manage-import", visit.service.slug)


def _page(request: HttpRequest, visit: Visit, form: FilesForm, report: ImportReport | None) -> HttpResponse:
    now = timezone.now()
    context = {
        "form": form,
        "report": report,
        "largest": f"{LARGEST / 1e6:.0f} MB",
        "next_run": manage_changes.next_run(visit, now),
        "children_columns": _columns(CHILDREN.required, CHILDREN.known),
        "bookings_columns": _columns(BOOKINGS.required, BOOKINGS.known),
    }
    return render(request, "web/manage/import.html", context, status=422 if report else 200)


def _columns(required: tuple[str, ...], known: tuple[str, ...]) -> list[tuple[str, bool]]:
    """The columns that staff may send, and whether each must be there."""
    return [(name, name in required) for name in known if name not in ("sync", "keep_until")]


def _read(visit: Visit, sent: PendingUpload) -> Files:
    """Read the files that were sent, by names of our own. Raises BadFiles."""
    today = visit.service.today(timezone.now())
    with tempfile.TemporaryDirectory(prefix="parkway-") as folder:
        paths = {}
        for name, given in (("children", sent.children), ("bookings", sent.bookings)):
            path = Path(folder, name)
            path.write_bytes(given if given is not None else NO_BOOKINGS.encode())
            paths[name] = str(path)
        try:
            return read_files(
                paths["children"], paths["bookings"], None, today, visit.service.window, longest=LONGEST
            )
        except BadFiles as bad:
            ours = f"{folder}/"
            problems = [
                p._replace(file=p.file.replace(ours, ""), what=p.what.replace(ours, "")) for p in bad.problems
            ]
            raise BadFiles(problems, [text.replace(ours, "") for text in bad.warnings]) from None


def _report(bad: BadFiles, sent: PendingUpload) -> ImportReport:
    """What is wrong, with the files called as the person calls them."""
    names = {"children": sent.children_name, "bookings": sent.bookings_name}
    problems = [each._replace(file=names.get(each.file) or each.file) for each in bad.problems[:SHOWN]]
    return ImportReport(problems, len(bad.problems), list(bad.warnings))


def _flash(request: HttpRequest, visit: Visit, taken: ImportResult, files: Files) -> None:
    new = wording.count(taken.new_children, "new child", "new children")
    known = wording.count(taken.known_children, "child", "children")
    bookings = wording.count(taken.bookings, "booking")
    run = manage_changes.next_run(visit, timezone.now())
    after = f" They reach Storypark at the next run, {run}." if run else ""
    messages.success(request, f"{new}, {known} brought up to date, {bookings}.{after}")
    for warning in files.warnings[:WARNINGS]:
        messages.warning(request, _bare(warning))


def _bare(warning: str) -> str:
    """A warning without the folder that the file was read in."""
    return warning.rsplit("/", 1)[-1]


@require_safe
@at_service(Permission.CHANGE_MANAGE)
def example(request: HttpRequest, visit: Visit, kind: str) -> HttpResponse:
    """A small file of children or bookings to begin with."""
    if kind not in EXAMPLES:
        raise Http404("There is no such example.")
    return _file(HttpResponse(("\ufeff" + EXAMPLES[kind]).encode()), f"example-{kind}.csv")


@require_safe
@at_service(Permission.CHANGE_MANAGE)
def export(request: HttpRequest, visit: Visit) -> HttpResponse:
    """All children with their status, for Manage staff."""
    today = visit.service.today(timezone.now())
    lines = "".join(children_csv(visit.service, today))
    return _file(HttpResponse(lines), f"children-{visit.service.slug}-{today:%Y-%m-%d}.csv")


def _file(response: HttpResponse, name: str) -> HttpResponse:
    response["Content-Type"] = "text/csv; charset=utf-8"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
