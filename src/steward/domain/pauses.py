"""How long what failed is left alone before it is tried again."""

_ENOUGH = 60  # doublings: more than any bound needs, and far from what a float holds


def doubled(first: float, longest: float, times: int) -> float:
    """Seconds after so many failures in a row, from 1: `first`, doubled with each further one, up to `longest`."""
    return min(longest, first * 2.0 ** min(times - 1, _ENOUGH))
