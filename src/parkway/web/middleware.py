"""The doorkeeper: what a verb refuses becomes a page, and what was typed outlives a session. Before it, who
looks whether there is a database.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from itertools import chain
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.cache import patch_cache_control

from parkway.db import availability
from parkway.domain import Refused
from parkway.tenancy.scope import within
from parkway.web import errors
from parkway.web.idempotency import AlreadySent
from parkway.web.searching import LOOK

SIGN_IN = "/accounts/login/"
UNSENT = "unsent"
KEPT = 60 * 60  # seconds that what was typed waits for its writer to sign in
LONGEST = 1_000_000  # characters of it
SIGN_OUT = "/accounts/logout/"
WRITER = "writer"  # the cookie that tells, after the session is gone, who wrote


class DatabaseFirst:
    """Tells whoever asks for a page when there is no database, before anything else looks for it in vain."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if availability.why_unreachable():
            response = errors.away(request)
            setattr(response, "_has_been_logged", True)  # noqa: B010 - by who waited in vain, not by everybody
            return response
        return self._answer(request)


class Doorkeeper:
    """Keeps a form that arrives after its session expired until its writer has signed in again.

    The form is put into the visitor's new session and comes back, unsaved, when the same person opens its
    page: see `typed`. And no answer to somebody who is signed in is kept by a browser or on the way.
    """

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with within():  # nobody's records, until `at_service` or another view says whose
            response = self._answer(request)
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return response  # whoever asks may not be known: looking that up may be what failed
        signing_in = response.status_code == HTTPStatus.FOUND and response["Location"].startswith(SIGN_IN)
        if signing_in and request.headers.get("HX-Request"):
            # a part of a page cannot sign in: let the whole page go there
            whole = HttpResponse(status=HTTPStatus.NO_CONTENT)
            whole["HX-Redirect"] = response["Location"]
            return whole
        if request.user.is_authenticated:
            patch_cache_control(response, private=True, no_store=True)
        _remember_writer(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: object, more: object
    ) -> HttpResponse | None:
        """Keep what somebody sent who is no longer signed in; a form from elsewhere never comes this far."""
        _refuse_nul(request)
        if request.user.is_authenticated:
            _forget_others(request)
            return None
        if request.method != "POST" or request.path.startswith("/accounts/"):
            return None
        form, writer = request.POST.urlencode(), _writer(request)
        if LOOK in request.POST:
            text = "You had been signed out. Please sign in."
        elif writer is None or len(form) > LONGEST or request.FILES:
            text = "You had been signed out. Please sign in, and send that again."
        else:
            text = "You had been signed out. Sign in, and what you typed is still there."
            request.session[UNSENT] = {"path": request.path, "form": form, "writer": writer}
            request.session.set_expiry(KEPT)
        messages.info(request, text)
        return redirect(f"{SIGN_IN}?{urlencode({'next': _page_of(request)})}")

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What a verb refuses, and no view had a better place for, is told on a page of its own."""
        if isinstance(exception, AlreadySent):
            messages.info(request, str(exception))
            return redirect(exception.to)
        if isinstance(exception, Refused):
            return errors.refused_page(request, exception)
        return None


def _page_of(request: HttpRequest) -> str:
    """Where the form stands that was sent: its own address may know no page to look at."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    return came_from.path if came_from.path and came_from.netloc == request.get_host() else request.path


def _refuse_nul(request: HttpRequest) -> None:
    """Refuse the one character that nobody can type and PostgreSQL can neither keep nor look for."""
    sent = chain(*(values for form in (request.GET, request.POST) for _, values in form.lists()))
    if "\0" in request.path or any("\0" in str(value) for value in sent):
        raise BadRequest("A NUL is no text.")


def _writer(request: HttpRequest) -> str | None:
    """Who was signed in last in this browser and did not sign out."""
    found = request.get_signed_cookie(WRITER, default=None, salt=WRITER)
    return str(found) if found else None


def _remember_writer(request: HttpRequest, response: HttpResponse) -> None:
    """Note in the browser, out of reach of scripts, who is signed in there; signing out takes it away."""
    if request.user.is_authenticated:
        if _writer(request) != str(request.user.pk):
            safe = settings.SESSION_COOKIE_SECURE
            response.set_signed_cookie(
                WRITER, str(request.user.pk), salt=WRITER, secure=safe, httponly=True, samesite="Lax"
            )
    elif WRITER in request.COOKIES and request.path == SIGN_OUT:
        response.delete_cookie(WRITER, samesite="Lax")


def _forget_others(request: HttpRequest) -> None:
    """What another person typed, who had been signed in here before, is not shown to this one."""
    unsent = request.session.get(UNSENT)
    if unsent is not None and unsent.get("writer") != str(request.user.pk):
        del request.session[UNSENT]


def typed(request: HttpRequest, sent_to: str | None = None) -> QueryDict | None:
    """What a person typed on this page before they were signed out, once; else None. `sent_to` is where the
    page's form goes, when not to the page itself.
    """
    unsent = request.session.get(UNSENT)
    if unsent is None or unsent["path"] != (sent_to or request.path):
        return None
    del request.session[UNSENT]
    messages.info(request, "What you typed before you were signed out is still here. Please send it again.")
    return QueryDict(unsent["form"])
