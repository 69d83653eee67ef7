"""Long lists in pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

A_PAGE = 50


def page_of(request: HttpRequest, found: Sequence[Any] | QuerySet[Any], size: int = A_PAGE) -> Page[Any]:
    """The page of a list that the address asks for; the last one when it asks for too much."""
    return Paginator(found, size).get_page(request.GET.get("page"))
