"""The key that signs sessions, as `parkway serve` keeps it on SQLite."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from parkway.config.secret_key import keep_secret_key

SQLITE = "django.db.backends.sqlite3"


@pytest.fixture
def database(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PARKWAY_SECRET_KEY", raising=False)
    path = tmp_path / "parkway.sqlite3"
    settings.SECRET_KEY = "of this process alone"
    return path


def test_people_stay_signed_in_when_parkway_starts_again(database: Path, settings: Any) -> None:
    keep_secret_key({"ENGINE": SQLITE, "NAME": str(database)})
    first, kept = settings.SECRET_KEY, Path(f"{database}.secret-key")
    assert len(first) > 50
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    settings.SECRET_KEY = "of another process"
    keep_secret_key({"ENGINE": SQLITE, "NAME": str(database)})
    assert first == settings.SECRET_KEY
    assert os.listdir(database.parent) == [kept.name]


def test_a_key_that_others_could_read_is_made_anew(database: Path, settings: Any) -> None:
    keep_secret_key({"ENGINE": SQLITE, "NAME": str(database)})
    first, kept = settings.SECRET_KEY, Path(f"{database}.secret-key")
    kept.chmod(0o644)
    keep_secret_key({"ENGINE": SQLITE, "NAME": str(database)})
    assert first != settings.SECRET_KEY
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_the_environment_wins(database: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKWAY_SECRET_KEY", "from the environment")
    keep_secret_key({"ENGINE": SQLITE, "NAME": str(database)})
    assert settings.SECRET_KEY == "of this process alone"
    assert os.listdir(database.parent) == []


def test_a_server_of_databases_has_no_file_beside_it_and_the_log_says_what_is_missing(
    database: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    keep_secret_key({"ENGINE": "django.db.backends.postgresql", "NAME": str(database)})
    assert os.listdir(database.parent) == []
    assert "PARKWAY_SECRET_KEY is not set: people are signed out" in caplog.text
