"""Names as they are compared and searched: without case, accents, macrons and signs (D19)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

DROPPED_LETTERS = frozenset("\u02bb\u02bc")
"""The ʻokina and the modifier apostrophe: letters to Unicode, but not to a name."""

UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters, line breaks, and signs that turn the text after them around."""


@lru_cache(maxsize=65_536)
def fold(name: str) -> str:
    """A name with case, accents, macrons, hyphens, apostrophes and spaces taken away (D19).

    Compatibility-decomposed, case-folded, then letters and digits only.
    """
    if name.isascii():
        return "".join(filter(str.isalnum, name.lower()))
    folded = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in folded if (c.isalpha() or c.isdecimal()) and c not in DROPPED_LETTERS)


def is_plain(text: str) -> bool:
    """Whether a text of one line holds only what people can see, or nothing; the joiners of some scripts and
    pictures are fine between other signs.
    """
    seen = any(unicodedata.category(sign)[0] not in "CZM" for sign in text)
    return not UNSEEN.search(text) and (seen or not text.strip())


def mentions(name: str, search: str) -> bool:
    """Whether each word of a search occurs in a name."""
    folded = fold(name)
    return all(fold(word) in folded for word in search.split())
