"""Settings that are dangerous or missing for the place where they are."""

from __future__ import annotations

import difflib
import os
import re
import smtplib
from collections.abc import Iterator

from django.conf import settings
from django.core import mail
from django.core.checks import CheckMessage
from django.db import connection

from parkway.config import settings as ours
from parkway.config.doctor.findings import Area

AREA = Area("configuration", "parkway.configuration")
SHORTEST = 32  # characters of a secret key
VARIABLES = frozenset(re.findall(r"`(PARKWAY_[A-Z_]+)`", ours.__doc__ or ""))


def _beyond() -> list[str]:
    """Return the names by which others than this machine reach Parkway."""
    return [name for name in settings.ALLOWED_HOSTS if name not in ours.HERE]


@AREA.check
def secret_key() -> Iterator[CheckMessage]:
    """Look whether the secret key is set, and hard to guess."""
    given = os.environ.get("PARKWAY_SECRET_KEY", "")
    make = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))' makes a good one."
    if given and (len(given) < SHORTEST or len(set(given)) < SHORTEST // 4):
        text = "The secret key is short or plain enough to be guessed, and with it people's sessions."
        yield AREA.bad(1, text, f"Set PARKWAY_SECRET_KEY anew: {make}")
    elif not given and connection.vendor != "sqlite":
        text = "There is no secret key: each process makes its own, and sign-ins hold at that process alone."
        yield AREA.bad(2, text, f"Set PARKWAY_SECRET_KEY, the same for all processes: {make}")
    else:
        yield AREA.fine(3, "The secret key is set." if given else "`serve` keeps a secret key.")


@AREA.check
def hosts() -> Iterator[CheckMessage]:
    """Look at the names to which Parkway answers."""
    beyond = _beyond()
    if "*" in beyond:
        text = "Parkway answers to any name: links in its e-mails can be made to lead elsewhere."
        yield AREA.bad(11, text, "List the names people use in PARKWAY_HOSTS.")
    elif settings.BEHIND_PROXY and not beyond:
        text = "Parkway stands behind a proxy, and answers to no name but this machine's."
        yield AREA.bad(12, text, "List the names people use in PARKWAY_HOSTS.")
    else:
        yield AREA.fine(13, f"It answers to {', '.join(beyond) or 'this machine alone'}.")


@AREA.check
def https() -> Iterator[CheckMessage]:
    """Look whether cookies and forms go over HTTPS wherever others come in."""
    beyond = _beyond()
    public = beyond or settings.BEHIND_PROXY
    if public and not settings.SECURE:
        text = "Cookies travel over plain HTTP, where anybody on the way can take over a session."
        yield AREA.bad(21, text, "Unset PARKWAY_PLAIN_HTTP, and put HTTPS before Parkway.")
    elif beyond and not settings.BEHIND_PROXY:
        text = "Others reach Parkway, but it is not told of the proxy with HTTPS: forms would be refused."
        yield AREA.bad(22, text, "Set PARKWAY_BEHIND_PROXY=1 behind such a proxy.")
    else:
        yield AREA.fine(23, "HTTPS comes from the proxy." if public else "Nobody comes from outside.")


@AREA.check
def debug() -> Iterator[CheckMessage]:
    """Look whether people are shown what only engineers should see."""
    if settings.DEBUG:
        mend = "Unset PARKWAY_DEBUG wherever people work."
        yield AREA.bad(31, "Tracebacks, and with them children's records, are shown.", mend)


@AREA.check
def e_mails() -> Iterator[CheckMessage]:
    """Look whether e-mails leave, and safely."""
    yield _mail(_beyond())


def _mail(beyond: list[str]) -> CheckMessage:
    if not settings.EMAIL_HOST or settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        text = "E-mails are written to the console: nobody can set a lost password anew."
        mend = "Set PARKWAY_SMTP to HOST:PORT, and PARKWAY_SMTP_USER and PARKWAY_SMTP_PASSWORD."
        return AREA.bad(41, text, mend) if beyond else AREA.look(41, text, mend)
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        with mail.get_connection(fail_silently=False):
            pass
    except (OSError, smtplib.SMTPException) as error:
        text = f"The mail server {server} does not take e-mails ({_kind(error)})."
        return AREA.bad(42, text, "Check PARKWAY_SMTP, its user and its password.")
    if settings.EMAIL_HOST_USER and not settings.EMAIL_USE_TLS:
        text = f"The password for {server} travels unencrypted."
        return AREA.bad(43, text, "Use port 587, where the connection is encrypted first.")
    return AREA.fine(44, f"The mail server {server} answers.")


def _kind(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or type(error).__name__)


@AREA.check
def support() -> Iterator[CheckMessage]:
    """Look whether support has a real address."""
    if _beyond() and settings.SUPPORT.endswith(".example"):
        text = f"The pages send people to {settings.SUPPORT}, which does not exist."
        yield AREA.look(51, text, "Set PARKWAY_SUPPORT to the address of support.")


@AREA.check
def unknown() -> Iterator[CheckMessage]:
    """Look for settings that Parkway does not know, such as misspelt ones."""
    for name in sorted(os.environ):
        if name.startswith("PARKWAY_") and name not in VARIABLES:
            near = difflib.get_close_matches(name, VARIABLES, n=1)
            mend = f"Did you mean {near[0]}?" if near else "Remove it, or look it up in docs/operating.md."
            yield AREA.look(61, f"Parkway knows no setting {name}.", mend)
