"""Putting a file in its place, whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress

from parkway.domain import (
    Conflict,
)


def put_file(file: str, content: bytes) -> None:
    """Put a file in its place, whole or not at all, also when the machine stops halfway. Raises Conflict."""
    target = os.path.realpath(file)
    folder = os.path.dirname(target)
    try:
        descriptor, temporary = tempfile.mkstemp(suffix=".tmp", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            with suppress(FileNotFoundError):
                shutil.copymode(target, temporary)
            os.replace(temporary, target)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        _sync_folder(folder)
    except OSError as error:
        raise Conflict(f"{file} cannot be written ({error.strerror}). Mend that and try again.") from error


def _sync_folder(folder: str) -> None:
    """Have the machine remember which file is in place."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
