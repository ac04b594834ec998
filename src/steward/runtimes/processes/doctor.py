"""What this machine lacks for running clusters, and the command that mends it.

Called by `steward doctor`, before the service makes its first file, and before it prepares the host. It looks and
changes nothing; what has to be tried is tried in namespaces that end with the trial.
"""

import os
import shutil
from collections.abc import Iterator

from steward.domain import errors, networks
from steward.runtimes.processes import kernel, neighbours, places, room
from steward.runtimes.processes.findings import Finding, failures, verdict

PACKAGES = {
    "ip": "iproute2",
    "nft": "nftables",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "sysctl": "procps",
    "mount": "mount",
}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def examine(spot: places.Places, plan: networks.Plan) -> list[Finding]:
    """Everything that clusters need of the machine, in the order in which it would be missed."""
    found = [*_rights(), *_tools(), *kernel.look(), *room.look(spot.state)]
    # What follows is tried, and without rights or programs it would only say so once more.
    return found if failures(found) else [*found, *kernel.attempt(), *neighbours.look(spot, plan)]


def check(spot: places.Places, plan: networks.Plan) -> None:
    """Refuses, with all that is lacking and how to mend it."""
    lacking = failures(examine(spot, plan))
    if lacking:
        said = "; ".join(f"{each.check}: {each.message} (mend: {each.mend})" for each in lacking)
        raise errors.Unavailable(f"This machine cannot run clusters yet: {said}")


def _rights() -> Iterator[Finding]:
    root = os.geteuid() == 0
    yield verdict(
        "root",
        "" if root else "namespaces, mounts and cgroups need root",
        well="runs as root",
        mend="run it with sudo, or with STEWARD_RUNTIME=simulated to look at the API alone",
    )
    if root:
        yield kernel.capabilities()


def _tools() -> Iterator[Finding]:
    for tool, package in PACKAGES.items():
        found = shutil.which(tool, path=_PATH)
        yield verdict(
            f"program {tool}",
            "" if found else f"{tool} is not installed",
            well=found or "",
            mend=f"apt-get install -y {package}",
        )
