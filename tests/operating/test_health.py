"""What load balancers ask: is the process alive, and can it answer people?"""

from __future__ import annotations

import socket
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from tests.operating.installation import PATIENCE, Installation
from tests.postgres import OWNER, cluster
from tests.waiting import wait_for

ELSEWHERE = {"host": "10.0.0.7:8000"}  # as a load balancer asks, by the address of the machine


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_both_answer_without_signing_in_by_any_name_and_over_plain_http(
    address: str, settings: object
) -> None:
    settings.ALLOWED_HOSTS = ["parkway.example"]  # type: ignore[attr-defined]
    settings.SECURE_SSL_REDIRECT = True  # type: ignore[attr-defined]
    answer = Client(headers=ELSEWHERE).get(address)
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies
    assert Client(headers=ELSEWHERE).head(address).status_code == 200
    assert Client(headers=ELSEWHERE).get("/").status_code in (301, 400), "the pages ask for a known name"


def test_alive_asks_no_database(django_assert_num_queries: object, db: None) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert Client().get("/healthz").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_nothing_can_be_sent_there(address: str) -> None:
    answer = Client(headers=ELSEWHERE).post(address, {"x": "y"})
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


@pytest.mark.django_db
def test_a_database_that_is_behind_is_not_ready(client: Client) -> None:
    MigrationRecorder(connection).record_unapplied("sync", "0001_initial")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"the database is 1 migration behind\n")


@pytest.mark.django_db
def test_a_database_that_a_newer_program_migrated_is_ready(client: Client) -> None:
    MigrationRecorder(connection).record_applied("sync", "9999_new")
    assert client.get("/readyz").status_code == 200


@pytest.mark.deep
def test_a_served_database_that_goes_away_is_not_ready_but_alive(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.done("migrate")
    with installation.served("--no-scheduler") as serving:
        assert serving.get("/readyz").text == "ok\n"
        installation.database.rename(tmp_path / "elsewhere")
        answer = serving.get("/readyz")
        assert (answer.status, answer.text) == (503, "there is no database\n")
        assert serving.get("/healthz").status == 200
        (tmp_path / "elsewhere").rename(installation.database)
        assert serving.get("/readyz").status == 200
    assert not [line for line in serving.said if "Traceback" in line]


@pytest.mark.deep
def test_behind_a_proxy_pages_ask_for_https_and_load_balancers_need_not(tmp_path: Path) -> None:
    """On the machine of the proxy too, where `parkway serve` listens at loopback."""
    installation = Installation(tmp_path)
    installation.done("migrate")
    with installation.served(PARKWAY_BEHIND_PROXY="1", PARKWAY_HOSTS="parkway.example.org") as serving:
        for address in ("/healthz", "/readyz"):
            assert (serving.get(address).status, serving.get(address, Host="10.0.0.7").status) == (200, 200)
        plain = serving.get("/accounts/login/", Host="parkway.example.org")
        assert plain.status == 301
        assert plain.headers["Location"] == "https://parkway.example.org/accounts/login/"
        proxied = {
            "Host": "parkway.example.org",
            "X_Forwarded_Proto": "https",
            "X_Forwarded_For": "192.0.2.7",
        }
        page = serving.get("/accounts/login/", **proxied)
        assert page.status == 200
        cookies = page.headers.get_all("Set-Cookie")
        assert cookies
        assert all("Secure" in cookie for cookie in cookies)
        assert serving.get("/accounts/login/", **{**proxied, "Host": "elsewhere.example"}).status == 400
    assert serving.popen.returncode == 0, "asked to end, it ends in peace"


@pytest.mark.deep
def test_a_server_that_stops_for_a_while_and_starts_again(tmp_path: Path) -> None:
    with cluster() as server, ThreadPoolExecutor() as visitors:
        installation = Installation(tmp_path, server.url(OWNER))
        installation.done("migrate")
        with installation.served("--no-scheduler", "--threads=2") as serving:
            assert serving.get("/readyz").status == 200
            server.stop("fast")
            pages = [visitors.submit(serving.get, "/accounts/login/") for _ in range(4)]
            assert serving.get("/healthz").status == 200
            assert not any(page.done() for page in pages), "it does not wait behind those who wait"
            answer = serving.get("/readyz")
            assert (answer.status, answer.text) == (503, "the database does not answer\n")
            for page in (page.result() for page in pages):
                assert (page.status, page.headers["Retry-After"]) == (503, "60")
                assert "the database does not answer, or takes nothing. Nothing is lost. Wait" in page.text
                assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
                assert page.headers["X-Frame-Options"] == "DENY"
                assert page.headers["Cache-Control"] == "private, no-store"
            assert serving.get("/static/web/parkway.css").status == 200, "for the page that says so"
            two = [visitors.submit(serving.get, "/accounts/login/") for _ in range(2)]
            told_at_once, waits = wait(two, return_when=FIRST_COMPLETED)
            assert (len(told_at_once), len(waits)) == (1, 1), "only one goes on waiting"
            assert {page.result().status for page in two} == {503}
            server.go_on()
            wait_for("it is ready again", lambda: serving.get("/readyz").status == 200, PATIENCE)
            assert serving.get("/accounts/login/").status == 200
        told = [line for line in serving.said if "The database does not answer" in line]
        assert 0 < len(told) <= 8, "a line for each who waited in vain, and none for who was told at once"
        assert not [line for line in serving.said if line.startswith("  ")], "no lines of the program"


@pytest.mark.deep
def test_strange_and_resting_visitors_keep_nobody_from_being_answered(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.done("migrate")
    with installation.served("--no-scheduler") as serving, ExitStack() as visitors:
        host, _, port = serving.address.removeprefix("http://").partition(":")
        for _ in range(200):
            visitors.enter_context(socket.create_connection((host, int(port))))
        with socket.create_connection((host, int(port))) as strange:
            strange.sendall(b"GET /healthz HTTP/1.1\r\nno header\r\n\r\n")
            assert strange.recv(100).startswith(b"HTTP/1.0 400 Bad Request")
        assert serving.get("/healthz").status == 200
    assert not [line for line in serving.said if "ERROR" in line]


def test_no_database_is_made_by_looking_for_one(tmp_path: Path) -> None:
    """SQLite makes a file when it opens one that is not there."""
    installation = Installation(tmp_path)
    assert installation.run("serve", "--port=0").returncode == 2
    assert not installation.database.exists()
