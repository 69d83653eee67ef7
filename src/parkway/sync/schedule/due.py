"""What is due, what did not change, and what a run leaves to be remembered (R15)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from parkway.db import bulk, locking
from parkway.sync.models import Integration, Stage

# Services that share a transaction
SERVICES_CHECKED = 500  # to see whether anything changed, or when only the children who changed are read
SERVICES_UNCHANGED = 1_000  # to see it where nothing had changed in the last ones
SERVICES_READ = 100  # when all children are read
SERVICES_READ_SQLITE = 20  # … where nobody else can write meanwhile: for a fraction of a second


def claim(which: str, values: Sequence[object], number: int) -> list[int]:
    """Lock up to `number` services that are on and match `which` (SQL over the integration), and return their
    ids. They stay locked until the transaction at hand ends, so nobody else runs them. Services that others
    have locked are passed over.
    """
    table = bulk.table(Integration)
    select = (
        f"SELECT service_id FROM {table} WHERE stage = %s AND {which} LIMIT {number}{locking.skip_locked()}"
    )
    return [key for (key,) in bulk.read(select, [Stage.ON.value, *values])]


def batch_size() -> int:
    """How many services share a transaction when all their children are read."""
    return SERVICES_READ_SQLITE if locking.single_writer() else SERVICES_READ


def to_claim_next(to_run: Mapping[int, int | None]) -> int:
    """How many services to claim after those of which these had to be run; `to_run` as `changed` answers."""
    if sum(since is None for since in to_run.values()) >= batch_size():
        return batch_size()
    return SERVICES_CHECKED if to_run else SERVICES_UNCHANGED


def batches(to_run: Mapping[int, int | None]) -> Iterator[list[int]]:
    """The services in batches that share a transaction; `to_run` as `changed` answers."""
    yield from bulk.batches((key for key, since in to_run.items() if since is None), batch_size())
    yield from bulk.batches((key for key, since in to_run.items() if since is not None), SERVICES_CHECKED)
