"""Texts against patterns with `%` for anything, as SQL's LIKE has them."""


def like(text: str, pattern: str) -> bool:
    """Part by part, never going back: no pattern can make it slow, as a regular expression could be made."""
    first, *parts = pattern.split("%")
    if not parts:
        return text == first
    last = parts.pop()
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    position, end = len(first), len(text) - len(last)
    for part in parts:
        found = text.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True
