"""`parkway import`: what files tell is taken over, what they do not tell is left alone (D20)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from parkway import domain
from parkway.connectors.csv_files import read_files
from parkway.domain import ChoiceKind, Details, Status
from parkway.manage.models import Booking as StoredBooking
from parkway.manage.verbs import archive_child, enrol, find_child
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile
from parkway.sync.commands import changes, choices, lifecycle, setup
from parkway.sync.commands.file_import import LONGEST, ImportResult, take_files
from parkway.sync.models import Choice, Link
from parkway.sync.queries.previews import plan_now
from parkway.tenancy.models import Organisation, Service
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import add_service

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
NO_BOOKINGS = "child_id,kind,state,starts_on\n"


class Office:
    """A service that files are imported into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.service: Service = add_service(
            Organisation.objects.create(name="Aroha"), "Rimu", "UTC", by=OPERATOR, now=NOW
        )
        storypark.set_paid_children(self.service, 50, by=OPERATOR, now=NOW)

    def take(self, children: str, bookings: str = NO_BOOKINGS, profiles: str | None = None) -> ImportResult:
        names = []
        for name, text in (("children", children), ("bookings", bookings), ("profiles", profiles)):
            file = self.folder / f"{name}.csv"
            file.write_text(text or "", encoding="utf-8")
            names.append(None if text is None else str(file))
        children_file, bookings_file, profiles_file = names
        assert children_file
        assert bookings_file
        window = self.service.window
        files = read_files(children_file, bookings_file, profiles_file, TODAY, window, longest=LONGEST)
        return take_files(self.service, files, OPERATOR, NOW)

    def bookings(self, child_id: str) -> list[tuple[str, str, str, str]]:
        stored = scope(StoredBooking, self.service).filter(child__reference=child_id).order_by("starts_on")
        return [
            (str(b.starts_on), str(b.ends_on or ""), b.weekdays, b.room.name if b.room else "")
            for b in stored.select_related("room")
        ]

    def profile(self, profile_id: str) -> Profile:
        return storypark.find_profile(self.service, profile_id)


@pytest.fixture
def office(db: None, tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_file_without_archived_on_leaves_who_is_archived(office: Office) -> None:
    """D20."""
    child = enrol(office.service, Details("Ana", "Ng"), "c1", by=OPERATOR, now=NOW)
    archive_child(child, TODAY - timedelta(days=9), by=OPERATOR, now=NOW)
    office.take(
        "child_id,first_name,last_name\nc1,Anna,Ng\n", NO_BOOKINGS + "c1,permanent,confirmed,2026-01-01\n"
    )
    child = find_child(office.service, "c1")

    assert (child.first_name, child.status) == ("Anna", Status.ARCHIVED)
    assert child.archived_on == TODAY - timedelta(days=9)

    office.take("child_id,first_name,last_name,archived_on\nc1,Anna,Ng,\n")
    assert find_child(office.service, "c1").status == Status.ACTIVE


def test_every_other_column_of_children_that_lacks_is_left_alone(office: Office) -> None:
    """D20."""
    full = "child_id,first_name,last_name,preferred_name,date_of_birth,gender,rooms\n"
    office.take(full + "c1,Ana,Ng,Nan,2022-03-04,girl,Tūī;Kea\n")
    office.take("child_id,first_name,last_name\nc1,Anna,Ng\n")
    child = find_child(office.service, "c1")
    assert child.details == Details("Anna", "Ng", "Nan", date(2022, 3, 4), "girl")
    assert set(child.rooms.values_list("name", flat=True)) == {"Tūī", "Kea"}

    office.take(full + "c1,Anna,Ng,,,,\n")
    child = find_child(office.service, "c1")
    assert child.details == Details("Anna", "Ng")
    assert not child.rooms.exists()


def test_bookings_keep_the_weekdays_the_room_and_the_end_that_a_file_lacks(office: Office) -> None:
    """D20."""
    children = "child_id,first_name,last_name\nc1,Ana,Ng\n"
    office.take(
        children,
        "child_id,kind,state,starts_on,ends_on,weekdays,room\n"
        "c1,permanent,confirmed,2026-01-05,2026-06-30,mon;tue,Tūī\n"
        "c1,permanent,offered,2026-07-01,,wed,Kea\n",
    )
    office.take(
        children,
        "child_id,kind,state,starts_on,ends_on\n"
        "c1,permanent,confirmed,2026-01-05,2026-06-12\n"
        "c1,permanent,confirmed,2026-07-01,\n"
        "c1,casual,confirmed,2026-07-01,\n",
    )
    assert office.bookings("c1") == [
        ("2026-01-05", "2026-06-12", "mon;tue", "Tūī"),
        ("2026-07-01", "", "wed", "Kea"),
        ("2026-07-01", "2026-07-01", "", ""),
    ]

    office.take(children, "child_id,kind,state,starts_on\nc1,permanent,confirmed,2026-01-05\n")
    assert office.bookings("c1") == [("2026-01-05", "2026-06-12", "mon;tue", "Tūī")]

    office.take(
        children,
        "child_id,kind,state,starts_on,ends_on,weekdays,room\nc1,permanent,confirmed,2026-01-05,,,\n",
    )
    assert office.bookings("c1") == [("2026-01-05", "", "", "")]


def test_dont_add_and_keep_until_stay_when_a_file_lacks_them(office: Office) -> None:
    """D20."""
    lifecycle.enable(office.service, OPERATOR, NOW)
    children = "child_id,first_name,last_name,sync,keep_until\n"
    day = TODAY + timedelta(days=30)
    assert office.take(children + f"c1,Ana,Ng,dont_add,\nc2,Ben,Ng,,{day}\nc3,Cy,Ng,,\n").choices == 2
    choices.store(office.service, {"c3": domain.Choice(ChoiceKind.NEW)}, OPERATOR, NOW)

    def stored() -> dict[str, tuple[str, date | None]]:
        found = scope(Choice, office.service)
        return {choice.child_id: (choice.kind, choice.keep_until) for choice in found}

    before = {"c1": ("dont_add", None), "c2": ("", day), "c3": ("new", None)}
    assert stored() == before
    assert office.take("child_id,first_name,last_name\nc1,Ana,Ng\nc2,Ben,Ng\nc3,Cy,Ng\n").choices == 0
    assert stored() == before
    office.take("child_id,first_name,last_name,keep_until\nc1,Ana,Ng,\nc2,Ben,Ng,\n")
    assert stored() == {"c1": ("dont_add", None), "c3": ("new", None)}
    assert office.take(children + "c1,Ana,Ng,,\nc3,Cy,Ng,,\n").choices == 1
    assert stored() == {"c3": ("new", None)}


PROFILES = "profile_id,child_id,first_name,last_name,preferred_name,date_of_birth,gender,rooms,state\n"


def test_columns_of_profiles_that_lack_are_left_alone(office: Office) -> None:
    """D20."""
    children = "child_id,first_name,last_name\nc1,Ana,Ng\n"
    taken = office.take(children, profiles=PROFILES + "A,c1,Ana,Ng,Nan,2022-03-04,girl,Tūī,live\n")
    assert (taken.profiles, taken.links) == (1, 1)
    short = "profile_id,child_id,first_name,last_name,state\n"
    taken = office.take(children, profiles=short + "A,,Anna,Ng,live\nB,,Old,Ng,archived\n")
    assert taken.links == 0
    assert office.profile("A").details == Details("Anna", "Ng", "Nan", date(2022, 3, 4), "girl")
    assert list(office.profile("A").rooms.values_list("name", flat=True)) == ["Tūī"]
    assert scope(Link, office.service).get().profile_id == "A", "a link lasts, whatever a file leaves empty"
    assert (office.profile("B").archived_on, office.profile("B").archived_by) == (TODAY, "import")

    office.take(children, profiles=PROFILES + "A,c1,Anna,Ng,,,,,live\n")
    assert office.profile("A").details == Details("Anna", "Ng")
    assert not office.profile("A").rooms.exists()


def test_a_profile_archived_earlier_keeps_its_day_and_a_deleted_one_its_tombstone(office: Office) -> None:
    storypark.create_profile(office.service, Details("Ana", "Ng"), "A", by=OPERATOR, now=NOW)
    storypark.archive_profile(office.profile("A"), by=OPERATOR, now=datetime(2026, 1, 2, 1, 0, tzinfo=UTC))
    storypark.create_profile(office.service, Details("Ben", "Ng"), "B", by=OPERATOR, now=NOW)
    storypark.write_story([office.profile("B")], "A tower", "", by=OPERATOR, now=NOW)
    office.take(
        "child_id,first_name,last_name\n",
        profiles=PROFILES + "A,,Ana,Ng,,,,,archived\nB,,,,,,,,deleted\nC,,,,,,,,deleted\n",
    )
    assert (office.profile("A").archived_on, office.profile("A").archived_by) == (date(2026, 1, 2), "person")
    assert [office.profile(key).state for key in "BC"] == ["deleted", "deleted"]
    assert office.profile("B").details == Details()
    assert not office.profile("B").stories.exists()


def test_ids_brought_along_never_stop_a_new_profile(office: Office) -> None:
    after = storypark.create_profile(office.service, Details("First", "One"), by=OPERATOR, now=NOW).pk
    rows = "".join(f"P-{number},,Old,Number {number},,,,,live\n" for number in range(after + 1, after + 40))
    office.take("child_id,first_name,last_name\n", profiles=PROFILES + rows)
    by_hand = storypark.create_profile(office.service, Details("Second", "One"), by=OPERATOR, now=NOW)
    assert by_hand.reference.startswith("P-")

    lifecycle.enable(office.service, OPERATOR, NOW)
    storypark.set_paid_children(office.service, 90, by=OPERATOR, now=NOW)
    office.take(
        "child_id,first_name,last_name\n" + "".join(f"c{n},Child,Nr {n}\n" for n in range(20)),
        NO_BOOKINGS + "".join(f"c{n},permanent,confirmed,2026-01-01\n" for n in range(20)),
    )
    setup.accept_proposals(office.service, OPERATOR, NOW)
    plan = plan_now(office.service, NOW)
    run = changes.confirm(office.service, changes.StartSyncing(), plan.fingerprint, OPERATOR, NOW)
    assert (run.state, run.counts["create"]) == ("done", 20)
