"""What Prometheus is told: true numbers, and of nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from parkway.config import metrics
from parkway.domain import Refused
from parkway.sync.models import Integration
from parkway.sync.queries import fleet_metrics
from parkway.sync.run import run_log
from tests.operating.installation import PATIENCE, Answer, Installation, Serving
from tests.postgres import OWNER, cluster
from tests.stories.world import World
from tests.waiting import wait_for

HERE = "127.0.0.1"
ON, DUE = 18, 15  # services of the demo that sync, and those of them that are due


def numbers(text: str) -> dict[str, float]:
    """Every sample, as `name{label="value"}`."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@pytest.fixture
def address(capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    end = metrics.publish(0, HERE, fleet=False)
    yield re.findall(r"http\S+", capsys.readouterr().out)[0]
    end()
    assert not run_log.log.handlers


@pytest.mark.django_db(transaction=True)
def test_runs_are_counted_by_state_and_trigger_and_children_by_step(address: str) -> None:
    world = World(paid=2)
    world.enrol_several(3)
    assert 'parkway_runs_total{state="done",trigger="setup"}' not in numbers(Answer(address).text)
    world.set_up()
    world.archive("kid00")
    world.sync()
    told = numbers(Answer(address).text)
    assert told['parkway_runs_total{state="done",trigger="setup"}'] == 1
    assert told['parkway_runs_total{state="done",trigger="schedule"}'] == 1
    assert told['parkway_children_total{step="create"}'] == 3
    assert told['parkway_children_total{step="wait"}'] == 1
    assert told['parkway_children_total{step="archive"}'] == 1
    assert told["parkway_run_seconds_count"] == 2
    assert told["parkway_run_seconds_sum"] > 0
    assert told["parkway_runs_not_converged_total"] == 0


@pytest.mark.django_db
def test_the_gauges_are_what_the_database_holds() -> None:
    world, other = World(paid=2), World("Tōtara House")
    world.enrol_several(3)
    world.set_up()
    now = world.now
    Integration.objects.filter(pk=world.service.pk).update(next_run_at=now - timedelta(minutes=90))
    due = fleet_metrics.due_count(now)
    assert (due.services, due.asked, due.oldest) == (1, 0, 5400.0)
    assert fleet_metrics.due_count(now - timedelta(minutes=91)) == fleet_metrics.DueCount(0, 0, 0.0)
    found = fleet_metrics.fleet_metrics()
    assert found.services == {"disabled": 0, "enabled": 1, "on": 1, "off": 0}
    assert (found.waiting, found.to_check, found.held, found.broken, found.not_converged) == (1, 0, 0, 0, 0)
    for child in ("kid00", "kid01"):
        world.archive(child)
    world.sync()
    found = fleet_metrics.fleet_metrics()
    assert (found.held, found.told_admins, found.told_support) == (1, 1, 0)
    assert found.to_check == 0, "what a held run withholds is not looked at child by child"
    assert other.integration.stage == "enabled"


@pytest.mark.deep
def test_a_served_fleet_tells_its_numbers_and_names_nobody(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.done("demo")
    with installation.served() as serving:

        def ran() -> bool:
            told = numbers(Answer(serving.metrics).text)
            return sum(told[name] for name in told if name.startswith("parkway_runs_total")) >= DUE

        wait_for("the runs that were due end", ran, PATIENCE)
        text = Answer(serving.metrics).text
    told = numbers(text)
    assert told["parkway_database_up"] == 1
    assert told['parkway_services{stage="on"}'] == ON
    assert told["parkway_due_services"] == 0
    assert told['parkway_runs_total{state="held",trigger="schedule"}'] == 2
    assert told['parkway_children_total{step="archive"}'] > 0
    assert told["process_resident_memory_bytes"] > 0
    assert "kindergarten" not in text.lower()
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    ours = {name for s in samples if s.name.startswith("parkway_") for name in s.labels}
    assert ours == {"state", "trigger", "step", "stage", "for", "le"}, "nothing that grows with the fleet"
    assert sum("A run ended" in line for line in serving.said) == DUE, "and each left a line"


@pytest.mark.deep
def test_a_database_that_is_down_is_told_and_the_rest_still_answered(tmp_path: Path) -> None:
    with cluster() as server:
        installation = Installation(tmp_path, server.url(OWNER))
        installation.done("migrate")
        with installation.served("--no-scheduler") as serving:
            assert numbers(Answer(serving.metrics).text)["parkway_database_up"] == 1
            server.stop("fast")
            answer = Answer(serving.metrics)
            told = numbers(answer.text)
            assert answer.status == 200
            assert told["parkway_database_up"] == 0
            assert "parkway_due_services" not in told, "old numbers are not told as new"
            assert "parkway_run_seconds_count" in told


@pytest.mark.deep
def test_workers_and_their_end_are_told_and_found(tmp_path: Path) -> None:
    with cluster() as server:
        installation = Installation(
            tmp_path, server.url(OWNER), PARKWAY_SECRET_KEY="a-key-of-many-signs-0123456789-abcd"
        )
        installation.done("demo")

        def told(serving: Serving) -> dict[str, float]:
            return numbers(Answer(serving.metrics).text)

        with installation.served("--no-scheduler") as serving:
            assert told(serving)["parkway_workers"] == 0
            assert told(serving)["parkway_due_services"] == DUE
            with installation.going("worker") as worker:
                wait_for("a worker comes alive", lambda: told(serving)["parkway_workers"] == 1, PATIENCE)
                wait_for("it runs what is due", lambda: told(serving)["parkway_due_services"] == 0, PATIENCE)
                done = told(worker)
                assert done['parkway_runs_total{state="held",trigger="schedule"}'] == 2
                assert sum("A run ended" in line for line in worker.said) == DUE
                assert not done.keys() & metrics.GAUGES.keys(), "that is for `serve` to tell"
                assert "1 worker is alive" in installation.done("doctor")
                with psycopg.connect(server.url(OWNER), autocommit=True) as db:
                    db.execute(
                        """INSERT INTO procrastinate_workers(last_heartbeat)
                           VALUES (now() - interval '50 minutes'), (now() - interval '2 hours')"""
                    )
                assert told(serving)["parkway_workers_silent"] == 2, "others that were killed"
                installation.python("from parkway.jobs import queue; queue.tidy_queue.defer(timestamp=0)")
                wait_for("one is forgotten", lambda: told(serving)["parkway_workers_silent"] == 1, PATIENCE)
                assert told(serving)["parkway_workers"] == 1
                worker.popen.kill()
                worker.popen.wait()
            with psycopg.connect(server.url(OWNER), autocommit=True) as db:  # a minute later
                db.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
            now = told(serving)
            assert (now["parkway_workers"], now["parkway_workers_silent"]) == (0, 2)
        found = installation.done("doctor")
        assert "! 2 workers gave no sign of life" in found
        assert "No worker is alive" in found


def test_without_a_port_nothing_listens_and_one_that_is_taken_is_told(address: str) -> None:
    metrics.publish(None, HERE, fleet=True)()
    port = int(re.findall(r":(\d+)/", address)[0])
    with pytest.raises(Refused, match=f"127.0.0.1:{port}.*--metrics-port"):
        metrics.publish(port, HERE, fleet=True)
