"""Every address, for everybody: who may open it, who may send a form there, and whose things it shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from parkway.domain import Details
from parkway.manage.models import Booking, Child, Room
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile, Story
from parkway.storypark.models import Room as StoryparkRoom
from parkway.sync.models import Choice, Entry, Integration, Link, RoomLink, Run
from parkway.tenancy.models import ChangeLogEntry as Log
from parkway.tenancy.models import Person, RoleName
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import give_role
from tests.stories.world import World

pytestmark = pytest.mark.django_db

ADMIN, EDUCATOR, STAFF, SUPPORT = "admin", "educator", "staff", "support"
EVERYBODY = frozenset({ADMIN, EDUCATOR, STAFF, SUPPORT})
STORYPARK = frozenset({ADMIN, EDUCATOR, SUPPORT})
MANAGE = frozenset({STAFF, SUPPORT})
SYNCING = frozenset({ADMIN, SUPPORT})
ALONE = frozenset({SUPPORT})
NOBODY = frozenset[str]()


@dataclass(frozen=True)
class May:
    """Who gets in with GET and with POST; `None` where the address does not answer to the method."""

    get: frozenset[str] | None
    post: frozenset[str] | None = None


LOOK, CHANGE, LOOK_AND_CHANGE = May(EVERYBODY), May(None, SYNCING), May(SYNCING, SYNCING)
IN_MANAGE, SET_UP = May(MANAGE, MANAGE), May(EVERYBODY, SYNCING)
SEARCH = May(EVERYBODY, EVERYBODY)
WHO = {
    "service": May(EVERYBODY, EVERYBODY),
    "managed": LOOK,
    # Manage
    "manage-children": SEARCH,
    "manage-export": May(MANAGE),
    "manage-child-add": IN_MANAGE,
    "manage-child": LOOK,
    "manage-child-history": LOOK,
    "manage-child-edit": IN_MANAGE,
    "manage-child-archive": IN_MANAGE,
    "manage-child-unarchive": IN_MANAGE,
    "manage-book": IN_MANAGE,
    "manage-booking-confirm": IN_MANAGE,
    "manage-booking-end": IN_MANAGE,
    "manage-booking-cancel": IN_MANAGE,
    "manage-rooms": May(EVERYBODY, MANAGE),
    "manage-room": IN_MANAGE,
    "manage-room-history": May(MANAGE),
    "manage-import": IN_MANAGE,
    "manage-import-carry-out": May(None, MANAGE),
    "manage-example": May(MANAGE),
    # Storypark
    "storypark-children": May(STORYPARK, STORYPARK),
    "storypark-child-add": May(STORYPARK, STORYPARK),
    "storypark-child": May(STORYPARK),
    "storypark-child-history": May(STORYPARK),
    "storypark-child-edit": May(STORYPARK, STORYPARK),
    "storypark-child-archive": May(STORYPARK, STORYPARK),
    "storypark-child-restore": May(STORYPARK, STORYPARK),
    "storypark-stories": May(STORYPARK),
    "storypark-story-write": May(STORYPARK, STORYPARK),
    "storypark-story": May(STORYPARK),
    "storypark-story-history": May(STORYPARK),
    "storypark-story-edit": May(STORYPARK, STORYPARK),
    "storypark-story-publish": May(None, STORYPARK),
    "storypark-rooms": May(STORYPARK, STORYPARK),
    "storypark-room": May(STORYPARK, STORYPARK),
    "storypark-room-history": May(STORYPARK),
    "storypark-account": May(STORYPARK),
    "storypark-account-history": May(STORYPARK),
    "storypark-paid-children": LOOK_AND_CHANGE,
    # Syncing
    "integrations": SEARCH,
    "sync-now": CHANGE,
    "sync-progress": LOOK,
    "settings": LOOK,
    "settings-history": LOOK,
    "change-window": LOOK_AND_CHANGE,
    "change-time-zone": LOOK_AND_CHANGE,
    "change-limits": LOOK_AND_CHANGE,
    "who-may-change": CHANGE,
    "forecast": LOOK,
    "switch": LOOK_AND_CHANGE,
    "held": LOOK_AND_CHANGE,
    "turn-off": LOOK_AND_CHANGE,
    "turn-on": LOOK_AND_CHANGE,
    "runs": LOOK,
    "run": LOOK,
    "why": LOOK,
    "choose": CHANGE,
    "setup": SET_UP,
    "setup-many": SET_UP,
    "setup-refresh": SET_UP,
    "setup-child": SET_UP,
    "setup-rooms": SET_UP,
    "setup-summary": SET_UP,
    "setup-done": May(EVERYBODY, EVERYBODY),
    # Support
    "enable": May(None, ALONE),
}
"""A new address has to be put here, with who may go there."""

ELSEWHERE = {
    "home": May(EVERYBODY, EVERYBODY),
    "support": May(ALONE, ALONE),
}
"""Addresses that belong to no service."""

PUBLIC = {"help", "contact"}


def named(patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, set[str]]]:
    """Every address of ours with the names of its parts; the sign-in library has its own tests."""
    for each in patterns:
        if isinstance(each, URLResolver):
            if not str(each.pattern).startswith("accounts/"):
                for name, parts in named(each.url_patterns):
                    yield name, parts | set(each.pattern.converters)
        else:
            yield each.name or str(each.pattern), set(each.pattern.converters)


ADDRESSES = {
    name: parts for name, parts in named(get_resolver().url_patterns) if name not in ("accounts/email/",)
}


class Place:
    """A service with one of everything, syncing or still to be set up."""

    def __init__(self, name: str, on: bool) -> None:
        self.world = world = World(name)
        world.now = timezone.now()
        self.key = world.service.slug
        self.child_id = world.enrol("Mānaia", rooms=["Tūī"], child_id=f"{self.key}-1")
        self.child = world.child(self.child_id)
        self.booking: Booking = self.child.bookings.get()
        self.room: Room = scope(Room, world.service).get()
        self.hand_made = world.portfolio("Ida", "Ng", None)
        if on:
            world.set_up()
        self.profile = world.profile(self.child_id) or self.hand_made
        self.story: Story = storypark.write_story([self.profile], "A day", "…", by=OPERATOR, now=world.now)
        self.storypark_room = scope(StoryparkRoom, world.service).first() or storypark.add_room(
            world.service, "Kea", by=OPERATOR, now=world.now
        )
        self.run = scope(Run, world.service).first()

    def parts(self, name: str) -> dict[str, Any]:
        """What the parts of an address are here."""
        number = {"children": self.hand_made.pk, "stories": self.story.pk, "rooms": self.storypark_room.pk}
        below = "stories" if "-story" in name.removeprefix("storypark") else "rooms"
        below = "children" if name.startswith("storypark-child") else below
        return {
            "slug": self.key,
            "service_id": self.world.service.pk,
            "child": self.child.pk,
            "child_id": self.child_id,
            "booking": self.booking.pk,
            "room": self.room.pk,
            "number": number[below],
            "pk": self.run.pk if self.run else 0,
            "policy": "stay",
            "kind": "children" if name == "manage-example" else "permanent",
        }

    def address(self, name: str, **other: Any) -> str:
        parts = {**self.parts(name), **other}
        return reverse(name, kwargs={part: parts[part] for part in ADDRESSES[name]})

    def everything(self) -> list[object]:
        """All rows of the service."""
        models = (
            Child,
            Booking,
            Room,
            Profile,
            Story,
            StoryparkRoom,
            Link,
            RoomLink,
            Choice,
            Run,
            Entry,
            Log,
        )
        found: list[object] = [list(scope(m, self.world.service).order_by("pk").values()) for m in models]
        found.append(list(Integration.objects.filter(service=self.world.service).values()))
        found.append([sorted(s.profiles.values_list("pk", flat=True)) for s in Story.objects.order_by("pk")])
        found.append(storypark.account(self.world.service).paid_children)
        return found


def signed_in(name: str, place: Place, *roles: RoleName, support: bool = False) -> Client:
    person = Person.objects.create_user(f"{name}@example.org", name, None, is_support=support)
    for role in roles:
        give_role(person, place.world.service, role, by=OPERATOR, now=place.world.now)
    client = Client(headers={"host": "localhost"})
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


@pytest.fixture
def here() -> Place:
    return Place("Rimu", on=True)


@pytest.fixture
def there() -> Place:
    return Place("Kauri", on=True)


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside did not happen."""
    mark = transaction.savepoint()
    yield
    transaction.savepoint_rollback(mark)


def came_in(client: Client, method: str, address: str, form: dict[str, Any] | None = None) -> str:
    """What happened to somebody at a door: "in", "sign in", or the number of the page that says no."""
    with undone():
        answer = getattr(client, method)(address, form or {})
    assert answer.status_code < 500, f"{method} {address} broke"
    if answer.status_code == 302 and answer["Location"].startswith("/accounts/login/"):
        return "sign in"
    return str(answer.status_code) if answer.status_code in (403, 404, 405) else "in"


def test_every_address_has_a_row() -> None:
    assert set(WHO) | set(ELSEWHERE) | PUBLIC == set(ADDRESSES)


@pytest.mark.parametrize("on", [True, False], ids=["syncing", "to be set up"])
def test_who_gets_in_where(there: Place, on: bool) -> None:
    here = Place("Rimu", on)
    people = {
        ADMIN: signed_in("admin", here, RoleName.ADMIN_EDUCATOR),
        EDUCATOR: signed_in("educator", here, RoleName.EDUCATOR),
        STAFF: signed_in("staff", here, RoleName.MANAGE_STAFF),
        SUPPORT: signed_in("support", here, support=True),
    }
    stranger = signed_in("stranger", there, *RoleName)
    nobody = Client(headers={"host": "localhost"})
    wrong = []
    for name, may in (WHO | ELSEWHERE).items():
        address = here.address(name)
        for method, allowed in (("get", may.get), ("post", may.post)):
            expected = {who: "in" if allowed and who in allowed else "403" for who in people}
            if name == "support":
                expected = {who: "in" if allowed and who in allowed else "404" for who in people}
            if allowed is None:
                expected = dict.fromkeys(people, "405")
            form = {"look": "1"} if method == "post" and name in SEARCHES else {}
            found = {who: came_in(client, method, address, form) for who, client in people.items()}
            # the page behind a door may have nothing to show at this stage
            lenient = {w: f for w, f in found.items() if f == "404" and expected[w] == "in"}
            if found != expected | lenient or (lenient and name not in MAY_BE_EMPTY):
                wrong.append(f"{method} {name}: {found} instead of {expected}")
            outside = came_in(stranger, method, address)
            if name not in ELSEWHERE and outside not in ("404", "405" if allowed is None else "404"):
                wrong.append(f"{method} {name}: somebody of another service: {outside}")
            unknown = came_in(nobody, method, address)
            if unknown != "sign in" and not (allowed is None and unknown == "405"):
                wrong.append(f"{method} {name}: nobody in particular: {unknown}")
    assert wrong == []


SEARCHES = {"manage-children", "storypark-children", "integrations", "support"}
"""Pages whose only form is a search."""

MAY_BE_EMPTY = {"run", "why", "setup-many", "forecast", "setup-child"}


@pytest.mark.parametrize("on", [True, False], ids=["syncing", "to be set up"])
def test_nothing_of_another_service_is_found_under_ones_own_name(on: bool) -> None:
    here, there = Place("Rimu", on), Place("Kauri", on)
    client = signed_in("everything", here, *RoleName)
    before, wrong = there.everything(), []
    for name, may in WHO.items():
        foreign = ADDRESSES[name] - {"slug", "policy", "kind", "service_id"}
        for part in sorted(foreign):
            if part == "child_id" and not on and name != "setup-child":
                continue
            address = here.address(name, **{part: there.parts(name)[part]})
            for method, allowed in (("get", may.get), ("post", may.post)):
                if allowed is None:
                    continue
                found = came_in(client, method, address)
                told = name in TELLS_INSTEAD or (name.startswith("setup") and on)
                if found != "404" and not told:
                    wrong.append(f"{method} {name} with {part} of another service: {found}")
                getattr(client, method)(address)
    assert wrong == []
    assert there.everything() == before


TELLS_INSTEAD = {"managed", "choose"}
"""Addresses with a child's id from elsewhere, which another service may have too: they say there is none."""


def test_a_form_with_what_belongs_to_another_service_changes_nothing(here: Place, there: Place) -> None:
    client = signed_in("everything", here, *RoleName)
    before = here.everything(), there.everything()
    about = {"title": "Theirs", "children": [str(there.profile.pk)], "do": "publish"}
    book = {"starts_on": "2026-02-03", "weekdays": ["mon"], "state": "confirmed", "sure": "1"}
    forms: list[tuple[str, dict[str, Any]]] = [
        ("storypark-story-write", about),
        ("storypark-story-edit", about),
        ("manage-book", {**book, "room": str(there.room.pk)}),
        ("manage-child-edit", {"first_name": "A", "rooms": ["Nowhere"]}),
        ("choose", {"answer": f"profile:{there.hand_made.reference}"}),
        ("choose", {"answer": "move", "to": there.child_id}),
        ("choose", {"answer": "move", "to": ""}),
        ("choose", {"answer": "move", "to": "nobody at all"}),
    ]
    for name, form in forms:
        answer = client.post(here.address(name), form)
        assert answer.status_code in (200, 302, 409), name
        assert (here.everything(), there.everything()) == before, (name, form)


def test_set_up_takes_nothing_of_another_service() -> None:
    here, there = Place("Rimu", on=False), Place("Kauri", on=False)
    client = signed_in("everything", here, *RoleName)
    before = there.everything()
    from parkway.web.presenters.setup_rows import key_of

    key = key_of(here.child_id)
    theirs = f"profile:{there.hand_made.reference}"
    client.post(here.address("setup"), {f"choice-{key}": theirs, f"seen-{key}": ""})
    client.post(here.address("setup-child"), {f"choice-{key}": theirs, f"seen-{key}": ""})
    client.post(here.address("setup"), {f"choice-{key_of(there.child_id)}": "new"})
    rooms = {"room": str(here.room.pk), "target": str(there.storypark_room.pk)}
    client.post(here.address("setup-rooms"), rooms)
    client.post(here.address("setup-rooms"), {"room": str(there.room.pk), "target": ""})
    assert not scope(Choice, here.world.service).exists()
    assert not scope(RoomLink, here.world.service).exists()
    assert there.everything() == before


def test_a_missing_childs_profile_moves_only_to_a_child_who_is_there(here: Place, there: Place) -> None:
    world = here.world
    here.child.delete()
    admin = signed_in("admin", here, RoleName.ADMIN_EDUCATOR)
    for to in (there.child_id, "", "nobody at all", "\0"):
        admin.post(here.address("choose"), {"answer": "move", "to": to})
        assert [*scope(Link, world.service).values_list("child_id", flat=True)] == [here.child_id], to
    other = world.enrol("Ari")
    admin.post(here.address("choose"), {"answer": "move", "to": other})
    assert [*scope(Link, world.service).values_list("child_id", flat=True)] == [other]


def test_the_profile_of_a_child_who_is_there_is_not_moved(here: Place) -> None:
    other = here.world.enrol("Ari", child_id="ari")
    admin = signed_in("admin", here, RoleName.ADMIN_EDUCATOR)
    admin.post(here.address("choose"), {"answer": "move", "to": other})
    assert [*scope(Link, here.world.service).values_list("child_id", flat=True)] == [here.child_id]


def test_a_profile_made_by_hand_keeps_its_details() -> None:
    """Two services may use one id for their profiles: each sees its own."""
    here, there = Place("Rimu", on=False), Place("Kauri", on=False)
    for place, name in ((here, "Ours"), (there, "Theirs")):
        storypark.create_profile(
            place.world.service, Details(name, "Same"), reference="P-SAME", by=OPERATOR, now=place.world.now
        )
    assert storypark.find_profile(here.world.service, "P-SAME").first_name == "Ours"
