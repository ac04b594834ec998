"""Values inside JSON columns: from the domain's dataclasses and back, by hand.

The repositories call it. Columns that are not JSON are mapped in the repository of their noun.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Network
from typing import Any

from steward.domain import conditions, customizations, openidconnects, private_networks, versions

Json = Mapping[str, Any]
_DEFAULT_TREE = customizations.tree(customizations.DEFAULT)

# The same few versions and ranges stand in every row; parsing them dominates reading one otherwise.
version = lru_cache(maxsize=256)(versions.Version.parse)
network = lru_cache(maxsize=1024)(IPv4Network)


def text_of_moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def customization(stored: Json) -> customizations.Customization:
    """Kept as the tree that OVHcloud answers; empty in rows of before there was any."""
    if not stored or stored == _DEFAULT_TREE:
        return customizations.DEFAULT
    return customizations.changed(customizations.DEFAULT, stored)


def openid(stored: Json | None) -> openidconnects.OpenIdConnect | None:
    if stored is None:
        return None
    lists = {name: tuple(value) for name, value in stored.items() if isinstance(value, list)}
    return openidconnects.OpenIdConnect(**{**stored, **lists})


def json_of_conditions(present: conditions.Conditions) -> list[Json]:
    return [
        {
            "kind": each.kind,
            "holds": each.holds,
            "reason": each.reason,
            "message": each.message,
            "whose_turn": each.whose_turn,
            "activity": each.activity,
            "since": text_of_moment(each.since),
        }
        for each in present
    ]


def conditions_of(stored: Sequence[Json]) -> conditions.Conditions:
    return tuple(
        conditions.Condition(
            kind=conditions.Kind(each["kind"]),
            holds=each["holds"],
            reason=conditions.Reason(each["reason"]),
            message=each["message"],
            whose_turn=each["whose_turn"],
            activity=each["activity"],
            since=datetime.fromisoformat(each["since"]),
        )
        for each in stored
    )


def json_of_membership(membership: private_networks.Membership) -> Json:
    return dataclasses.asdict(membership)


def membership_of(stored: Json) -> private_networks.Membership:
    return private_networks.Membership(**stored)
