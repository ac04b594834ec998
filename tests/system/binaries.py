"""Where the real programs are that system tests start."""

import os
from pathlib import Path


def folder() -> Path:
    """Holds etcd, kube-apiserver, kubectl … of the newest version."""
    return Path(os.environ["STEWARD_BIN"])
