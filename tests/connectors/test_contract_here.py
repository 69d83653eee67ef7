"""Parkway's own Manage and Storypark keep the contracts of their ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import pytest

from parkway.connectors.manage_here import ManageHere
from parkway.connectors.storypark_here import StoryparkHere
from parkway.domain import Booking, Details, Profile
from parkway.manage import verbs as manage
from parkway.manage.models import Booking as StoredBooking
from parkway.manage.models import Child as StoredChild
from parkway.storypark import verbs as storypark
from parkway.storypark.models import Profile as StoredProfile
from parkway.storypark.models import Room
from parkway.tenancy.models import Organisation
from parkway.tenancy.people import OPERATOR
from parkway.tenancy.scope import scope
from parkway.tenancy.verbs import add_service
from tests.connectors.contract import (
    ARCHIVED,
    DELETED,
    MarksContract,
    ProfilesContract,
    ProfilesEnd,
    RosterContract,
    RosterEnd,
)

NOW = datetime(2026, 11, 24, 1, tzinfo=UTC)  # on the contract's day in Auckland


class ManageHereEnd(RosterEnd):
    def __init__(self) -> None:
        organisation = Organisation.objects.create(name="Aroha")
        self.service = add_service(
            organisation, "Rimu Kindergarten", "Pacific/Auckland", by=OPERATOR, now=NOW
        )
        self.service_id = self.service.pk
        self.roster = ManageHere()

    def put(
        self, child_id: str, details: Details, bookings: Sequence[Booking], archived_on: date | None = None
    ) -> None:
        found = scope(StoredChild, self.service).filter(reference=child_id).first()
        if found is None:
            found = manage.enrol(self.service, details, child_id, by=OPERATOR, now=NOW)
        else:
            manage.amend(found, by=OPERATOR, now=NOW, **details.by_name())
            StoredBooking.objects.filter(child=found).delete()
        for kind, state, first, last in bookings:
            manage.book(found, first, last, kind, state, by=OPERATOR, now=NOW)
        if archived_on is not None:
            manage.archive_child(found, archived_on, by=OPERATOR, now=NOW)

    def remove(self, child_id: str) -> None:
        manage.remove_child(manage.find_child(self.service, child_id), by=OPERATOR, now=NOW)


@pytest.mark.django_db
class TestManageHere(RosterContract):
    @pytest.fixture
    def end(self, db: None) -> RosterEnd:
        return ManageHereEnd()


class StoryparkHereEnd(ProfilesEnd):
    def __init__(self) -> None:
        organisation = Organisation.objects.create(name="Aroha")
        self.service = add_service(
            organisation, "Rimu Kindergarten", "Pacific/Auckland", by=OPERATOR, now=NOW
        )
        self.service_id = self.service.pk
        self.profiles = StoryparkHere()
        storypark.set_paid_children(self.service, 10, by=OPERATOR, now=NOW)

    def put(self, profile: Profile) -> None:
        found = scope(StoredProfile, self.service).filter(reference=profile.profile_id).first()
        if found is None:
            details = profile.details if profile.state is not DELETED else Details("Somebody")
            found = storypark.create_profile(self.service, details, profile.profile_id, by=OPERATOR, now=NOW)
        if profile.state is ARCHIVED:
            storypark.archive_profile(found, by=OPERATOR, now=NOW)
        elif profile.state is DELETED:
            storypark.delete_profile(found, by=OPERATOR, now=NOW)

    def put_room(self, name: str) -> None:
        Room.objects.create(service=self.service, name=name)

    def managed(self) -> Mapping[str, str]:
        marked = scope(StoredProfile, self.service).exclude(managed_link="")
        return dict(marked.values_list("reference", "managed_link"))


@pytest.mark.django_db
class TestStoryparkHere(ProfilesContract, MarksContract):
    @pytest.fixture
    def end(self, db: None) -> ProfilesEnd:
        return StoryparkHereEnd()
