"""Moments as the wire has them."""

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """With `Z` and whole seconds, which every client of OVHcloud's API parses."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise(moment: datetime) -> str:
    """With milliseconds: for `/native`, whose progress is also read to see where time goes."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parsed(text: str) -> datetime:
    """ValueError where it is not RFC 3339."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)
