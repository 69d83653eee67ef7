"""What every page needs: who is here, where, and how to reach support."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from parkway.sync.ends import OWN, names_of_keys
from parkway.tenancy.people import services_of


def page(request: HttpRequest) -> dict[str, Any]:
    """The visit with the names of its ends, the person's services for the switcher, and support's address
    (R12).
    """
    person = getattr(request, "user", None)
    app, _, part, below = [*request.path.strip("/").split("/"), "", "", "", ""][:4]
    visit = getattr(request, "visit", None)
    return {
        "app": "integrations" if part == "integrations" else app,
        "part": part or "children",
        "page_part": below,
        "visit": visit,
        "names": visit.names if visit is not None else names_of_keys(OWN),
        "my_services": services_of(person) if person is not None and person.is_authenticated else [],
        "support_address": settings.SUPPORT,
    }
