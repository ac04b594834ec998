"""Texts against patterns with `%` for anything, as SQL's LIKE has them."""

import re


def like(text: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(re.escape(each) for each in pattern.split("%")), text, re.DOTALL) is not None
