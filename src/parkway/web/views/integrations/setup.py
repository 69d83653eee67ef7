"""Set-up, step 1: the two lists side by side, and a choice for every child (R1, D23)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from parkway.domain import Choice, ChoiceKind, NotFound
from parkway.engine import wording
from parkway.sync.commands import setup_choices
from parkway.sync.commands.setup_choices import ChoiceProblem, Many
from parkway.sync.queries import setup_lists
from parkway.sync.queries.setup_lists import SetUpGroup, SetUpLists, SetUpRow
from parkway.web.access import Visit
from parkway.web.middleware import typed
from parkway.web.presenters.setup_rows import SetUpLine, choice_of, in_words, key_of, line, sent, value_of
from parkway.web.searching import MARK, marked, searchable, searched
from parkway.web.templatetags.parkway import full_name, moment
from parkway.web.views.integrations.setup_access import in_set_up

PAGE = 25
SHOWS = {
    "": "All",
    SetUpGroup.CHECK.value: "Please check",
    SetUpGroup.CERTAIN.value: "Certain",
    SetUpGroup.NEW.value: "Nothing alike",
    SetUpGroup.CHOSEN.value: "Chosen",
}
READ = "setup-read"


@searchable
@in_set_up
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The two lists. A form stores every choice that it carries, one row's at once with htmx."""
    if request.method != "POST":
        return _show(
            request, visit, setup_lists.setup_lists(visit.service, timezone.now()), unsent=typed(request)
        )
    if "only" in request.POST and request.headers.get("HX-Request"):
        return _save_one(request, visit)
    if "take_back" in request.POST:
        return _take_back(request, visit)
    return _save(request, visit)


def _asked(request: HttpRequest, form: QueryDict | None) -> dict[str, str]:
    """Which rows the page is to show; a form remembers it for the page that comes after it."""
    source = form if form is not None else request.GET
    asked = {name: source.get(name, "") for name in ("show", "page")}
    asked["search"] = form.get("search", "") if form is not None else searched(request)
    return asked | {MARK: marked(request, asked["search"])}


def _show(
    request: HttpRequest,
    visit: Visit,
    lists: SetUpLists,
    unsent: QueryDict | None = None,
    problems: Mapping[str, ChoiceProblem] | None = None,
) -> HttpResponse:
    asked = _asked(request, unsent)
    problems = problems or {}
    rows = lists.of(asked["show"], asked["search"])
    # what is not saved stays in sight, also when it is of another group by now
    there = {row.child.child_id for row in rows}
    rows = [r for r in lists.rows if r.child.child_id in problems and r.child.child_id not in there] + rows
    page = Paginator(rows, PAGE).get_page(asked["page"])
    lines = [line(row, lists, unsent, problems.get(row.child.child_id)) for row in page]
    context = {
        **_standing(request, visit, lists, asked),
        "at": "children",
        "page": page,
        "lines": lines,
        "problem_lines": [each for each in lines if each.problem],
        "asked": asked,
        "untouched": lists.untouched,
        "news": _news(request, lists),
        "read_at": timezone.now(),
        "editable": visit.may_change_integration,
    }
    return render(request, "web/integrations/setup.html", context)


def _standing(
    request: HttpRequest, visit: Visit, lists: SetUpLists, asked: Mapping[str, str]
) -> dict[str, Any]:
    """How far set-up is: what the progress, the filters and the buttons for many say."""
    counts = lists.counts
    rows = lists.of(asked["show"], asked["search"])
    many = {
        each: setup_choices.concerned(rows if each is Many.DONT_ADD else lists.rows, each) for each in Many
    }
    return {
        "total": len(lists.rows),
        "counts": {group.value: number for group, number in counts.items()},
        "shows": [
            (value, text, counts[SetUpGroup(value)] if value else len(lists.rows))
            for value, text in SHOWS.items()
        ],
        "many": {
            each.value: {"number": len(chosen), "digest": setup_choices.digest(chosen)}
            for each, chosen in many.items()
        },
        "narrowed": bool(asked["show"] or asked["search"].strip()),
        "asked": asked,
        "editable": visit.may_change_integration,
    }


def _back(request: HttpRequest, visit: Visit) -> HttpResponse:
    """To the rows that the form came from."""
    asked = {name: request.POST.get(name, "") for name in ("show", "page")}
    asked[MARK] = marked(request, request.POST.get("search", ""))
    query = urlencode({name: value for name, value in asked.items() if value})
    address = reverse("setup", args=[visit.service.slug])
    return redirect(f"{address}?{query}" if query else address)


def _row_of(lists: SetUpLists, key: str) -> SetUpRow | None:
    return next((row for row in lists.rows if key_of(row.child.child_id) == key), None)


def _not_available(visit: Visit) -> str:
    return f"This child is no longer available in {visit.names.roster}."


def _save_one(request: HttpRequest, visit: Visit) -> HttpResponse:
    """One row's choice, at once; the answer is the row as it stands."""
    now = timezone.now()
    row = _row_of(setup_lists.setup_lists(visit.service, now), request.POST["only"])
    if row is None:
        messages.warning(request, f"{_not_available(visit)} The lists were read anew.")
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = reverse("setup", args=[visit.service.slug])
        return answer
    chosen, seen = sent(request.POST, [row])
    outcome = setup_choices.choose(visit.service, chosen, seen, visit.by, now, own_gives_way=True)
    lists = setup_lists.setup_lists(visit.service, now)
    problem = outcome.problems.get(row.child.child_id)
    again = lists.by_child.get(row.child.child_id, row)
    context = {
        **_standing(request, visit, lists, _asked(request, request.POST)),
        "line": line(again, lists, request.POST if problem else None, problem),
    }
    answer = render(request, "web/integrations/setup_row_answer.html", context)
    answer["HX-Trigger"] = "set-up-saved"
    return answer


def _save(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every row of the page, or one; with "don't add the ticked ones" those alone."""
    now = timezone.now()
    lists = setup_lists.setup_lists(visit.service, now)
    only = request.POST.get("only")
    chosen, seen = sent(
        request.POST, [row for row in lists.rows if only in (None, key_of(row.child.child_id))]
    )
    ticked = set(request.POST.getlist("ticked"))
    if request.POST.get("do") == "dont_add_ticked":
        rows = [row for row in lists.rows if key_of(row.child.child_id) in ticked]
        if not rows:
            messages.warning(request, "Tick the children first whom you don't want to add.")
            return _back(request, visit)
        stamps = {row.child.child_id: f"seen-{key_of(row.child.child_id)}" for row in rows}
        chosen = {key: Choice(ChoiceKind.DONT_ADD) for key in stamps}
        seen = {key: request.POST.get(name, "") for key, name in stamps.items()}
    outcome = setup_choices.choose(visit.service, chosen, seen, visit.by, now)
    _say_saved(request, len(outcome.stored))
    if not outcome.problems:
        return _back(request, visit)
    lists = setup_lists.setup_lists(visit.service, now)
    return _show(request, visit, lists, _unsaved(request.POST, chosen, outcome.problems), outcome.problems)


def _unsaved(
    form: QueryDict, chosen: Mapping[str, Choice], problems: Mapping[str, ChoiceProblem]
) -> QueryDict:
    """What was picked and not stored, as the form that would send it again."""
    left = QueryDict(mutable=True)
    for name in ("show", "search", "page"):
        left[name] = form.get(name, "")
    for child_id in problems:
        left[f"choice-{key_of(child_id)}"] = value_of(chosen[child_id])
    return left


def _say_saved(request: HttpRequest, number: int) -> None:
    if number:
        messages.success(request, f"{wording.count(number, 'choice')} saved.")


def _take_back(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A child without a choice again."""
    now = timezone.now()
    row = _row_of(setup_lists.setup_lists(visit.service, now), request.POST["take_back"])
    if row is None:
        messages.warning(request, _not_available(visit))
        return _back(request, visit)
    child_id, key = row.child.child_id, key_of(row.child.child_id)
    seen = {child_id: request.POST.get(f"seen-{key}", "")}
    outcome = setup_choices.choose(visit.service, {child_id: Choice()}, seen, visit.by, now)
    if outcome.problems:
        lists = setup_lists.setup_lists(visit.service, now)
        return _show(request, visit, lists, request.POST, outcome.problems)
    messages.success(request, f"{full_name(row.child.details)} has no choice now.")
    return _back(request, visit)


@in_set_up
def many(request: HttpRequest, visit: Visit) -> HttpResponse:
    """One choice for many children without one: exactly those whom the button counted, or none."""
    if request.method != "POST":
        return redirect("setup", visit.service.slug)
    now = timezone.now()
    lists = setup_lists.setup_lists(visit.service, now)
    try:
        what = Many(request.POST.get("what", ""))
    except ValueError:
        raise Http404 from None
    narrowed = lists.of(request.POST.get("show", ""), request.POST.get("search", ""))
    chosen = setup_choices.concerned(narrowed if what is Many.DONT_ADD else lists.rows, what)
    if request.POST.get("digest") != setup_choices.digest(chosen):
        messages.warning(
            request,
            "The lists changed since you looked, so nothing was done. Look at the numbers and press again.",
        )
        return _back(request, visit)
    stamps = {row.child.child_id: row.stamp for row in lists.rows}
    outcome = setup_choices.choose(visit.service, chosen, stamps, visit.by, now)
    _say_saved(request, len(outcome.stored))
    if outcome.problems:
        left = wording.count(len(outcome.problems), "child", "children")
        messages.warning(request, f"{left} could not be chosen for, because somebody else chose meanwhile.")
    return _back(request, visit)


# What is new in the roster


def _news(request: HttpRequest, lists: SetUpLists) -> dict[str, Any] | None:
    """What came since this person last had the lists refreshed; the first look is the beginning."""
    stored = request.session.get(READ, {})
    slug = request.resolver_match.kwargs["slug"] if request.resolver_match else ""
    if slug not in stored:
        _keep_read(request, slug, lists)
        return None
    found = setup_lists.news(stored[slug]["children"], lists)
    return {"found": found, "since": datetime.fromisoformat(stored[slug]["at"])} if found else None


def _keep_read(request: HttpRequest, slug: str, lists: SetUpLists) -> None:
    snapshot = {"at": timezone.now().isoformat(), "children": setup_lists.snapshot(lists)}
    request.session[READ] = {slug: snapshot}


@in_set_up
def refresh(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Pull again: says what is new since the last time (set-up, step 3)."""
    if request.method != "POST":
        return redirect("setup", visit.service.slug)
    lists = setup_lists.setup_lists(visit.service, timezone.now())
    news = _news(request, lists)
    _keep_read(request, visit.service.slug, lists)
    if news is None:
        messages.success(request, f"Read from {visit.names.roster} again: nothing is new.")
    else:
        found = news["found"]
        parts = [
            f"{len(found.came)} new" if found.came else "",
            f"{len(found.changed)} changed" if found.changed else "",
            f"{found.went} no longer available" if found.went else "",
        ]
        since = moment(news["since"], visit.service)
        told = f"Since {since}: {', '.join(filter(None, parts))}."
        messages.success(request, f"Read from {visit.names.roster} again. {told}")
    return _back(request, visit)


# One child


@in_set_up
def child(request: HttpRequest, visit: Visit, child_id: str) -> HttpResponse:
    """One child with every profile that nobody is linked to, to search among."""
    now = timezone.now()
    lists = setup_lists.setup_lists(visit.service, now)
    row = lists.by_child.get(child_id)
    if row is None:
        raise NotFound("There is no such child at this service, or none who is available.")
    problem, unsent = None, typed(request) if request.method != "POST" else request.POST
    if request.method == "POST" and "search_for" not in request.POST:
        choice = choice_of(request.POST.get(f"choice-{key_of(child_id)}", ""))
        if choice is None:
            messages.warning(request, "Choose one of the answers first.")
            return redirect(request.path)
        seen = {child_id: request.POST.get(f"seen-{key_of(child_id)}", "")}
        outcome = setup_choices.choose(visit.service, {child_id: choice}, seen, visit.by, now)
        problem = outcome.problems.get(child_id)
        if problem is None:
            messages.success(request, f"Saved for {full_name(row.child.details)}.")
            return _back(request, visit)
        lists = setup_lists.setup_lists(visit.service, now)
        row = lists.by_child.get(child_id, row)
    return _show_child(request, visit, lists, line(row, lists, unsent, problem))


def _show_child(request: HttpRequest, visit: Visit, lists: SetUpLists, one: SetUpLine) -> HttpResponse:
    form = request.POST if request.method == "POST" else request.GET
    search = request.POST.get("name", "")  # a name never stands in an address
    shown = {option.value for option in one.options}
    found = [p for p in lists.search_profiles(search) if f"profile:{p.profile_id}" not in shown]
    context = {
        "at": "children",
        "line": one,
        "chosen": in_words(one.row.made.choice if one.row.made else None, lists.profiles),
        "search": search,
        "found": [(p, lists.takers.get(p.profile_id)) for p in found[:PAGE]],
        "more": max(0, len(found) - PAGE),
        "asked": {name: form.get(name, "") for name in ("show", "page")},
        "editable": visit.may_change_integration,
    }
    return render(request, "web/integrations/setup_child.html", context)
