"""The pages for what goes wrong: each says what happened, the way out, and how to reach support (R12)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from parkway.db import errors
from parkway.db.errors import ErrorKind
from parkway.domain import Conflict, Forbidden, Invalid, NotFound, Refused, SourceSilent, kind_of
from parkway.web.access import Denied

BUSY = "Somebody else, or a sync, has been changing the same records for too long."
AWAY = "Parkway can't get at its records: the database does not answer, or takes nothing."
SOON = "60"  # seconds after which programs may try again
NO_STORE = "private, no-store"
LOOKED = "Nothing is lost. Wait a minute, then load this page again."
AGAIN = "Wait a minute, then load this page again: your browser asks whether to send it once more"
NOT_SAVED = f"What you sent was not saved. {AGAIN}."
PERHAPS_SAVED = f"What you sent may not have been saved. {AGAIN}, and nothing is done twice."


NOT_THERE, NOT_YOURS, NOT_DONE, NOT_NOW = (
    "Page not found",
    "You can't do that here",
    "That was not done",
    "That can't be done just now",
)
PAGES: Mapping[type[Refused], tuple[HTTPStatus, str]] = {
    NotFound: (HTTPStatus.NOT_FOUND, NOT_THERE),
    Forbidden: (HTTPStatus.FORBIDDEN, NOT_YOURS),
    Conflict: (HTTPStatus.CONFLICT, NOT_DONE),
    Invalid: (HTTPStatus.UNPROCESSABLE_ENTITY, NOT_DONE),
    SourceSilent: (HTTPStatus.SERVICE_UNAVAILABLE, NOT_NOW),
}
"""How a page tells each kind of error: the status, and the title over its sentence."""


def page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """A page that tells a person what happened."""
    return render(request, "web/error.html", {"title": title, "text": text}, status=status)


def refused_page(request: HttpRequest, refused: Refused) -> HttpResponse:
    """What was refused, on a page of its own: for a view that has no better place."""
    status, title = PAGES[kind_of(refused)]
    response = page(request, status, title, str(refused))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"], response["Cache-Control"] = SOON, NO_STORE
    return response


def flash_refused(request: HttpRequest, refused: Refused) -> None:
    """What was refused, as a message on the page that comes next: for a view that leads on."""
    messages.warning(request, str(refused))


def add_to(form: BaseForm, refused: Refused, **called: str) -> None:
    """What was refused, at the fields concerned, else over the form. `called` has the form's names of fields
    that the verb calls otherwise.
    """
    wrong = refused.fields if isinstance(refused, Invalid) else ()
    names = [name for name in (called.get(name, name) for name in wrong) if name in form.fields]
    for name in names or (None,):
        form.add_error(name, str(refused))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400"""
    return page(
        request, 400, "That did not work", "The address or the form was not complete. Nothing was changed."
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: says who may."""
    text = "You may not open this page."
    if isinstance(exception, Denied):
        who = exception.permission.whom_to_ask
        text = (
            f"At {exception.visit.service.name} only the role “{who}” may {exception.permission.words}. "
            "Ask one of your service, or ask support to give you the role."
        )
    return page(request, 403, NOT_YOURS, text)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404"""
    text = "There is nothing at this address, or it belongs to a service that is not one of yours."
    return page(request, 404, NOT_THERE, text)


def too_many(request: HttpRequest) -> HttpResponse:
    """429: somebody tries again and again to sign in, or to have a password set anew."""
    text = "There were too many tries from here in a short time. Wait a minute, then try again."
    return page(request, 429, "Please wait a little", text)


def broken(request: HttpRequest) -> HttpResponse:
    """500; or 503 when the error at hand came from a database that is busy, away or full."""
    found = errors.database_error(sys.exc_info()[1])
    if found is not None and found.passes:
        busy = found.kind in (ErrorKind.HELD, ErrorKind.LOCKED)
        return _not_now(request, BUSY if busy else AWAY, PERHAPS_SAVED)
    text = (
        "Nothing that was not finished was changed. Please try again; if it breaks again, tell support what "
        "you were doing."
    )
    return _without_looking("Something broke on our side", text, HTTPStatus.INTERNAL_SERVER_ERROR)


def away(request: HttpRequest) -> HttpResponse:
    """503 before anything was done, because there is no database."""
    return _not_now(request, AWAY, NOT_SAVED)


def _not_now(request: HttpRequest, text: str, sent: str) -> HttpResponse:
    """503, for which waiting is the remedy."""
    text = f"{text} {sent if request.method == 'POST' else LOOKED}"
    response = _without_looking(NOT_NOW, text, HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = SOON
    return response


def _without_looking(title: str, text: str, status: HTTPStatus) -> HttpResponse:
    """A page for which nothing is looked up, because that may be what is broken."""
    context = {"title": title, "text": text, "support_address": settings.SUPPORT}
    filled = render_to_string("web/broken.html", context)
    return HttpResponse(filled, status=status, headers={"Cache-Control": NO_STORE})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that was open for too long or came from elsewhere."""
    text = (
        "This page was open for too long, or you signed in anew meanwhile. "
        "Go back, load it again, and send it once more."
    )
    return page(request, 403, "Please send that again", text)
