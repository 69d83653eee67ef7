"""A child's id from Manage in an address: letters, digits and a few signs; everything else as ~ and hex."""

from __future__ import annotations

import re

KEPT = re.compile(rb"[A-Za-z0-9_.-]")


class ChildId:
    """Converts an id, which may hold any sign, to and from a part of an address."""

    regex = r"(?:[A-Za-z0-9_.-]|~[0-9A-F]{2})+"

    def to_python(self, value: str) -> str:
        """The id that an address names. ValueError (a 404) when it is not UTF-8."""
        parts = re.split(r"~([0-9A-F]{2})", value)
        coded = [bytes.fromhex(p) if odd % 2 else p.encode() for odd, p in enumerate(parts)]
        return b"".join(coded).decode()

    def to_url(self, value: str) -> str:
        """An id as a part of an address."""
        each = (bytes([byte]) for byte in value.encode())
        return "".join(b.decode() if KEPT.match(b) else f"~{b[0]:02X}" for b in each)
