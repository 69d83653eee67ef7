"""The doorkeeper: what a verb refuses becomes a page, and what was typed outlives a session."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from parkway.web import errors
from parkway.words import Refused

SIGN_IN = "/accounts/login/"
UNSENT = "unsent"
KEPT = 60 * 60  # seconds that what was typed waits for its writer to sign in


class Doorkeeper:
    """Keeps a form that arrives after its session expired until the person has signed in again.

    The form is put into the visitor's new session and comes back, unsaved, when they open its page:
    see `typed`.
    """

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._answer(request)
        signing_in = response.status_code == HTTPStatus.FOUND and response["Location"].startswith(SIGN_IN)
        if signing_in and request.headers.get("HX-Request"):
            # a part of a page cannot sign in: let the whole page go there
            whole = HttpResponse(status=HTTPStatus.NO_CONTENT)
            whole["HX-Redirect"] = response["Location"]
            return whole
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: object, more: object
    ) -> HttpResponse | None:
        """Keep what somebody sent who is no longer signed in; a form from elsewhere never comes this far."""
        own = request.path.startswith("/accounts/")
        if request.method != "POST" or request.user.is_authenticated or own:
            return None
        request.session[UNSENT] = {"path": request.path, "form": request.POST.urlencode()}
        request.session.set_expiry(KEPT)
        messages.info(request, "You had been signed out. Sign in, and what you typed is still there.")
        return redirect(f"{SIGN_IN}?{urlencode({'next': request.path})}")

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What a verb refuses is told on a page of its own, when the view had no better place."""
        if isinstance(exception, Refused):
            return errors.page(request, HTTPStatus.CONFLICT, "That was not done", str(exception))
        return None


def typed(request: HttpRequest) -> QueryDict | None:
    """What a person typed on this page before they were signed out, once; else None."""
    unsent = request.session.get(UNSENT)
    if unsent is None or unsent["path"] != request.path:
        return None
    del request.session[UNSENT]
    messages.info(request, "What you typed before you were signed out is still here. Please send it again.")
    return QueryDict(unsent["form"])
