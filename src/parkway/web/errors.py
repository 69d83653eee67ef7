"""The pages for what goes wrong: each says what happened, the way out, and how to reach support (R12)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from parkway.web.access import Denied


def page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """A page that tells a person what happened."""
    return render(request, "web/error.html", {"title": title, "text": text}, status=status)


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
    return page(request, 403, "You can't do that here", text)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404"""
    text = "There is nothing at this address, or it belongs to a service that is not one of yours."
    return page(request, 404, "Page not found", text)


def broken(request: HttpRequest) -> HttpResponse:
    """500: without looking anything up, because that may be what is broken."""
    return HttpResponse(render_to_string("web/broken.html"), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that was open for too long or came from elsewhere."""
    text = (
        "This page was open for too long, or you signed in anew meanwhile. "
        "Go back, load it again, and send it once more."
    )
    return page(request, 403, "Please send that again", text)
