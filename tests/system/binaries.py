"""Where the real programs are that system tests start."""

import os
from pathlib import Path

from steward import settings
from steward.catalogue import loading
from steward.components import supply
from steward.domain import versions


def folder() -> Path:
    """Holds etcd, kube-apiserver, kubectl … of the version that an order gets by default."""
    given = os.environ.get("STEWARD_BIN")
    if given:
        return Path(given)
    facts = loading.kubernetes_versions()
    offered = tuple(versions.Version.parse(each) for each in facts.offered)
    default = versions.latest_of(offered, facts.default)
    return supply.of(settings.Settings()).programs(str(default)).folder
