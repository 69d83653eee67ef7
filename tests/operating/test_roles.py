"""Roles and addresses of PostgreSQL: with a wrong one nothing is made, and what is wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.operating.installation import Installation
from tests.postgres import APPLICATION, OWNER, SUPERUSER, Cluster, cluster

pytestmark = pytest.mark.deep

ADMIT = ("migrate", "--application-role", APPLICATION)


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture
def installation(server: Cluster, tmp_path: Path) -> Installation:
    return Installation(tmp_path, server.url(OWNER))


def told(installation: Installation, url: str, *words: str, code: int = 2) -> str:
    """What a command says that cannot be done there: one sentence or a few, and no more."""
    result = installation.run(*words, DATABASE_URL=url)
    assert (result.returncode, result.stdout) == (code, ""), result.stderr
    assert result.stderr.count("\n") == 1
    assert "something broke" not in result.stderr
    return result.stderr


def made(server: Cluster) -> list[str]:
    """What there is in the database, and what is said of tables to come."""
    with psycopg.connect(server.url(OWNER)) as db:
        tables = "SELECT tableowner || ' ' || tablename FROM pg_tables WHERE schemaname = 'public'"
        to_come = "SELECT defaclrole::regrole || ' ' || defaclacl::text FROM pg_default_acl"
        return [text for (text,) in db.execute(f"{tables} UNION ALL {to_come} ORDER BY 1").fetchall()]


def test_only_the_owner_makes_tables_and_lets_the_application_in(
    server: Cluster, installation: Installation
) -> None:
    application, superuser = server.url(APPLICATION), server.url(SUPERUSER)
    assert "may not make tables there" in told(installation, application, "migrate", code=5)
    assert f"{APPLICATION} is the role in DATABASE_URL" in told(installation, application, *ADMIT)
    assert "postgres passes row-level security" in told(installation, superuser, *ADMIT, code=6)
    owner = server.url(OWNER)
    for role, code in ((OWNER, 2), (SUPERUSER, 6)):
        assert "Name a" in told(installation, owner, "migrate", "--application-role", role, code=code)
    assert "has no role nobody" in told(installation, owner, "migrate", "--application-role", "nobody")
    assert made(server) == []
    assert "has no tables of Parkway" in told(installation, owner, "status")

    installation.done("migrate")
    for command in ("status", "fleet", "serve", "worker"):
        assert "migrate --application-role" in told(installation, application, command)
    assert f"belong to {OWNER}" in told(installation, application, *ADMIT, code=5)
    assert f"belong to {OWNER}" in told(installation, superuser, *ADMIT, code=5)
    installation.done(*ADMIT)
    after = made(server)
    assert f"belong to {OWNER}" in told(installation, application, *ADMIT, code=5)
    assert f"belong to {OWNER}" in told(installation, superuser, *ADMIT, code=5)
    assert made(server) == after
    assert {line.split(" ", 1)[0] for line in after} == {OWNER}
    installation.done("status", DATABASE_URL=application)


WRONG = [
    (":{password}@", ":wrong@", "password authentication failed"),
    ("/parkway", "/nowhere", 'database "nowhere" does not exist'),
    ("/parkway", "/parkway?optons=x", 'cannot use: invalid connection option "optons"'),
    ("/parkway", "/parkway?connect_timeout=abc", "cannot use: bad value for connect_timeout"),
    ("/parkway", "/parkway?options=-cfoo%3Dbar", 'unrecognized configuration parameter "foo"'),
    ("/parkway", "/parkway?sslmode=verify-full&sslrootcert=/nowhere", "SSL"),
    ("127.0.0.1", "nowhere.invalid", "failed to resolve host 'nowhere.invalid'"),
]


@pytest.mark.parametrize(("right", "wrong", "said"), WRONG, ids=[wrong for _, wrong, _ in WRONG])
def test_what_is_wrong_with_an_address_is_told(
    server: Cluster, installation: Installation, right: str, wrong: str, said: str
) -> None:
    installation.done("migrate")
    right = right.format(password=server.password)
    assert right in server.url(OWNER)
    head, _, tail = server.url(OWNER).rpartition(right)
    url = f"{head}{wrong}{tail}"
    for command in ("status", "serve"):
        assert said in told(installation, url, command)
    found = installation.run("doctor", DATABASE_URL=url)
    assert found.returncode == 1
    assert said in found.stdout.replace("\n", " ")


def test_an_address_with_what_no_connection_can_have(server: Cluster, installation: Installation) -> None:
    url = f"{server.url(OWNER)}?isolation_level=9"
    said = "The settings cannot be used: Invalid transaction isolation"
    for command in ("status", "serve"):
        assert said in told(installation, url, command)
    found = installation.run("doctor", DATABASE_URL=url)
    assert found.returncode == 1
    assert said in " ".join(found.stdout.split())


def test_an_address_that_leads_beside_the_tables(server: Cluster, installation: Installation) -> None:
    installation.done("migrate")
    url = f"{server.url(OWNER)}?options=-csearch_path%3Dnope"
    for command in ("status", "serve"):
        assert "has no tables of Parkway" in told(installation, url, command)
    assert "lacks account.0001_initial" in installation.run("doctor", DATABASE_URL=url).stdout
