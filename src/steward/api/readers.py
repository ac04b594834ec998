"""Whoever reads a log under a link, without being named: how many may at a time.

Held by the application. How often somebody may ask is for `limits` to say.
"""

from collections import Counter

from steward.domain import errors

AT_ONCE = 100
OF_ONE_LINK = 4
AFTER = 60  # seconds


class Readers:
    def __init__(self) -> None:
        self._reading: Counter[str] = Counter()  # by link

    def check_room(self, link_id: str) -> None:
        if self._reading[link_id] >= OF_ONE_LINK:
            raise errors.TooManyRequests(f"{OF_ONE_LINK} read under this link already", after=AFTER)
        if self._reading.total() >= AT_ONCE:
            raise errors.TooManyRequests("Too many read logs at this time", after=AFTER)

    def enter(self, link_id: str) -> None:
        self._reading[link_id] += 1

    def leave(self, link_id: str) -> None:
        self._reading[link_id] -= 1
        if self._reading[link_id] <= 0:
            del self._reading[link_id]
