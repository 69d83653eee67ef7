"""Django's settings. What differs between machines comes from the environment.

| variable | meaning | default |
|---|---|---|
| `DATABASE_URL` | `sqlite:///PATH` or `postgres://…` | `parkway.sqlite3` in the current folder |
| `PARKWAY_SECRET_KEY` | signs sessions and tokens; keep it secret | a new one for each process |
| `PARKWAY_DEBUG` | `1` shows tracebacks; never where people work | off |
"""

import os
import secrets
from pathlib import Path

import dj_database_url

DEBUG = os.environ.get("PARKWAY_DEBUG") == "1"
SECRET_KEY = os.environ.get("PARKWAY_SECRET_KEY") or secrets.token_urlsafe(48)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

DATABASE_URL = os.environ.get("DATABASE_URL") or f"sqlite:///{Path('parkway.sqlite3').absolute()}"
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=None)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # readers never wait for the writer; a write takes the lock when it begins, so that none fails halfway
        "transaction_mode": "IMMEDIATE",
        "timeout": 60,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; "
        "PRAGMA cache_size=-65536; PRAGMA foreign_keys=ON;",
    }
    # tests use a real file, as people do
    DATABASES["default"]["TEST"] = {"NAME": os.environ.get("PARKWAY_TEST_DB") or "test-parkway.sqlite3"}

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "parkway.tenancy",
    "parkway.manage",
    "parkway.storypark",
    "parkway.sync",
    "parkway.config",
]
AUTH_USER_MODEL = "tenancy.Person"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-nz"
