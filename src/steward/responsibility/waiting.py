"""Rows of the contract that nothing carries yet, and what they wait for: their state is `unknown`, never anything else.

No operation, step or job acts under them, and no evidence is gathered for them. `tests/paper` fails on a row that
stands here and is carried, and on one that is not carried and does not stand here: the list only shrinks.
"""

from collections.abc import Mapping
from types import MappingProxyType

_BACKUPS = "backups of a cluster, and restoring them"
_LEAVING = "the end of a service as a time of its own, with an export before it"

WAITING: Mapping[str, str] = MappingProxyType(
    {
        "3.1.1-3": _BACKUPS,
        "3.1.3-1": "figures of each cluster's speed and load that the customer reads",
        "3.1.3-2": "control planes that are resized with what they manage",
        "3.1.3-4": "a signal of the customer's own monitoring",
        "3.1.3-6": _BACKUPS,
        "3.1.4-1": "volumes, and classes of them that encrypt",
        "3.1.5-3": "a view of what the workloads expose",
        "3.1.6-4": "updates that are ordered by the provider",
        "3.1.6-7": "a view of calls that the next version drops, and of the age of images",
        "3.1.7-1": _BACKUPS,
        "3.1.7-2": _BACKUPS,
        "3.1.7-4": _BACKUPS,
        "3.2.2-1": "maintenance that is announced before it is done",
        "4.1-1": _LEAVING,
        "5.2-2": "volumes and addresses that outlive their cluster",
    }
)
