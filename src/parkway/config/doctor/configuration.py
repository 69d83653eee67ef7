"""Settings that are dangerous or missing for the place where they are."""

from __future__ import annotations

import difflib
import os
import re
import smtplib
from collections.abc import Iterator

from django.conf import settings
from django.core import mail
from django.db import connection

from parkway.config import settings as ours
from parkway.config.doctor.findings import Finding, Level

AREA = "configuration"
SHORTEST = 32  # characters of a secret key
VARIABLES = frozenset(re.findall(r"`(PARKWAY_[A-Z_]+)`", ours.__doc__ or ""))


def look() -> Iterator[Finding]:
    """Everything about the settings. `beyond` are the names by which others than this machine reach it."""
    beyond = [name for name in settings.ALLOWED_HOSTS if name not in ours.HERE]
    yield _secret_key()
    yield _hosts(beyond)
    yield _https(beyond)
    if settings.DEBUG:
        mend = "Unset PARKWAY_DEBUG wherever people work."
        yield Finding(AREA, Level.BAD, "Tracebacks, and with them children's records, are shown.", mend)
    yield _mail(beyond)
    if beyond and settings.SUPPORT.endswith(".example"):
        told = f"The pages send people to {settings.SUPPORT}, which does not exist."
        yield Finding(AREA, Level.LOOK, told, "Set PARKWAY_SUPPORT to the address of support.")
    yield from _unknown()


def _secret_key() -> Finding:
    given = os.environ.get("PARKWAY_SECRET_KEY", "")
    make = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))' makes a good one."
    if given and (len(given) < SHORTEST or len(set(given)) < SHORTEST // 4):
        told = "The secret key is short or plain enough to be guessed, and with it people's sessions."
        return Finding(AREA, Level.BAD, told, f"Set PARKWAY_SECRET_KEY anew: {make}")
    if not given and connection.vendor != "sqlite":
        told = "There is no secret key: each process makes its own, and sign-ins hold at that process alone."
        return Finding(AREA, Level.BAD, told, f"Set PARKWAY_SECRET_KEY, the same for all processes: {make}")
    return Finding(AREA, Level.FINE, "The secret key is set." if given else "`serve` keeps a secret key.")


def _hosts(beyond: list[str]) -> Finding:
    if "*" in beyond:
        told = "Parkway answers to any name: links in its e-mails can be made to lead elsewhere."
        return Finding(AREA, Level.BAD, told, "List the names people use in PARKWAY_HOSTS.")
    if settings.BEHIND_PROXY and not beyond:
        told = "Parkway stands behind a proxy, and answers to no name but this machine's."
        return Finding(AREA, Level.BAD, told, "List the names people use in PARKWAY_HOSTS.")
    return Finding(AREA, Level.FINE, f"It answers to {', '.join(beyond) or 'this machine alone'}.")


def _https(beyond: list[str]) -> Finding:
    public = beyond or settings.BEHIND_PROXY
    if public and not settings.SECURE:
        told = "Cookies travel over plain HTTP, where anybody on the way can take over a session."
        return Finding(AREA, Level.BAD, told, "Unset PARKWAY_PLAIN_HTTP, and put HTTPS before Parkway.")
    if beyond and not settings.BEHIND_PROXY:
        told = "Others reach Parkway, but it is not told of the proxy with HTTPS: forms would be refused."
        return Finding(AREA, Level.BAD, told, "Set PARKWAY_BEHIND_PROXY=1 behind such a proxy.")
    return Finding(
        AREA, Level.FINE, "HTTPS comes from the proxy." if public else "Nobody comes from outside."
    )


def _mail(beyond: list[str]) -> Finding:
    if not settings.EMAIL_HOST or settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        told = "E-mails are written to the console: nobody can set a lost password anew."
        mend = "Set PARKWAY_SMTP to HOST:PORT, and PARKWAY_SMTP_USER and PARKWAY_SMTP_PASSWORD."
        return Finding(AREA, Level.BAD if beyond else Level.LOOK, told, mend)
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        with mail.get_connection(fail_silently=False):
            pass
    except (OSError, smtplib.SMTPException) as error:
        told = f"The mail server {server} does not take e-mails ({_kind(error)})."
        return Finding(AREA, Level.BAD, told, "Check PARKWAY_SMTP, its user and its password.")
    if settings.EMAIL_HOST_USER and not settings.EMAIL_USE_TLS:
        told = f"The password for {server} travels unencrypted."
        return Finding(AREA, Level.BAD, told, "Use port 587, where the connection is encrypted first.")
    return Finding(AREA, Level.FINE, f"The mail server {server} answers.")


def _kind(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or type(error).__name__)


def _unknown() -> Iterator[Finding]:
    for name in sorted(os.environ):
        if name.startswith("PARKWAY_") and name not in VARIABLES:
            near = difflib.get_close_matches(name, VARIABLES, n=1)
            mend = f"Did you mean {near[0]}?" if near else "Remove it, or look it up in docs/operating.md."
            yield Finding(AREA, Level.LOOK, f"Parkway knows no setting {name}.", mend)
