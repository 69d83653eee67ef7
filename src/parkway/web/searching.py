"""What people search for: mostly children's names, so it never stands in an address.

A search is sent as a form and kept in the session; the address gets a mark that means nothing elsewhere:
`?found=5fGh2k`. With it, pages, tabs, the way back and two windows work as with any other filter.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

LOOK = "look"  # what the search form sends along, to be told from a form that changes something
MARK = "found"
SEARCHES = "searches"
MOST, LONGEST = 40, 200

View = Callable[..., HttpResponse]


def searchable(view: View) -> View:
    """Let a page take searches: to its own address, with the mark instead of what was searched for."""

    @wraps(view)
    def found(request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        if request.method != "POST" or LOOK not in request.POST:
            return view(request, *args, **more)
        query = request.POST.copy()
        for name in ("csrfmiddlewaretoken", LOOK, "search", "page", MARK):
            query.pop(name, None)
        return redirect(f"{request.path}{_query(request, query, request.POST.get('search', ''))}")

    return found


def _query(request: HttpRequest, query: QueryDict, search: str) -> str:
    mark = marked(request, search)
    if mark:
        query[MARK] = mark
    left = QueryDict(mutable=True)
    left.update({name: str(value) for name, value in query.items() if value or name == "show"})
    return f"?{left.urlencode()}" if left else ""


def marked(request: HttpRequest, search: str) -> str:
    """The mark under which a search is kept, with the last ones of this visit; nothing for no search."""
    search = search.strip()[:LONGEST]
    if not search:
        return ""
    stored: dict[str, str] = request.session.get(SEARCHES, {})
    mark = next((mark for mark, text in stored.items() if text == search), None) or secrets.token_urlsafe(6)
    if mark == next(reversed(stored), None):
        return mark
    stored.pop(mark, None)
    request.session[SEARCHES] = dict([*stored.items(), (mark, search)][-MOST:])
    return mark


def searched(request: HttpRequest) -> str:
    """What the address's mark stands for; nothing when it is from another visit or long ago."""
    mark = request.GET.get(MARK, "")
    return str(request.session.get(SEARCHES, {}).get(mark, "")) if mark else ""
