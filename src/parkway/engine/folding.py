"""Names as they are compared and searched: without case, accents, macrons and signs (D19)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

DROPPED_LETTERS = frozenset("\u02bb\u02bc")
"""The ʻokina and the modifier apostrophe: letters to Unicode, but not to a name."""


@lru_cache(maxsize=65_536)
def fold(name: str) -> str:
    """A name with case, accents, macrons, hyphens, apostrophes and spaces taken away (D19).

    Compatibility-decomposed, case-folded, then letters and digits only.
    """
    if name.isascii():
        return "".join(filter(str.isalnum, name.lower()))
    folded = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in folded if (c.isalpha() or c.isdecimal()) and c not in DROPPED_LETTERS)


def mentions(name: str, search: str) -> bool:
    """Whether each word of a search occurs in a name."""
    folded = fold(name)
    return all(fold(word) in folded for word in search.split())
