"""What this machine lacks for running clusters, and the command that mends it.

Called by `steward doctor` and before the service prepares the host. It looks and changes nothing.
"""

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from steward.domain import errors

PACKAGES = {
    "ip": "iproute2",
    "nft": "nftables",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "sysctl": "procps",
    "mount": "mount",
}
LEAST_DISK_GB = 5
LEAST_INOTIFY = 1024
_FILESYSTEMS = ("overlay", "tmpfs", "proc", "devpts", "mqueue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`mend` is a command or a sentence; empty where all is well. A warning does not stop the service."""

    check: str
    good: bool
    message: str
    mend: str = ""
    warning: bool = False


def examine(state: Path) -> list[Finding]:
    """Everything that clusters need of the machine, in the order in which it would be missed."""
    return [*_rights(), *_tools(), *_kernel(), *_room(state)]


def check(state: Path) -> None:
    """Refuses, with all that is lacking and how to mend it."""
    lacking = failures(examine(state))
    if lacking:
        said = "; ".join(f"{each.check}: {each.message} (mend: {each.mend})" for each in lacking)
        raise errors.Unavailable(f"This machine cannot run clusters yet: {said}")


def failures(findings: list[Finding]) -> list[Finding]:
    return [each for each in findings if not each.good and not each.warning]


def _rights() -> Iterator[Finding]:
    root = os.geteuid() == 0
    yield Finding(
        check="root",
        good=root,
        message="runs as root" if root else "namespaces, mounts and cgroups need root",
        mend="" if root else "run it with sudo, or with STEWARD_RUNTIME=simulated to look at the API alone",
    )


def _tools() -> Iterator[Finding]:
    for tool, package in PACKAGES.items():
        found = shutil.which(tool, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        yield Finding(
            check=f"program {tool}",
            good=found is not None,
            message=found or f"{tool} is not installed",
            mend="" if found else f"apt-get install -y {package}",
        )


def _kernel() -> Iterator[Finding]:
    known = Path("/proc/filesystems").read_text().split()
    for name in _FILESYSTEMS:
        yield Finding(
            check=f"file system {name}",
            good=name in known,
            message="known to the kernel" if name in known else f"the kernel does not know {name}",
            mend="" if name in known else f"modprobe {name}",
        )
    for kind in ("net", "mnt", "pid", "uts", "ipc"):
        stands = Path(f"/proc/self/ns/{kind}").exists()
        yield Finding(
            check=f"{kind} namespaces",
            good=stands,
            message="available" if stands else "the kernel was built without them",
            mend="" if stands else "boot a kernel with CONFIG_NAMESPACES",
        )
    cgroup = Path("/sys/fs/cgroup")
    good = (cgroup / "cgroup.controllers").exists() or (cgroup / "memory").is_dir()
    yield Finding(
        check="cgroups",
        good=good,
        message="mounted at /sys/fs/cgroup" if good else "no cgroup file system at /sys/fs/cgroup",
        mend="" if good else "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    )
    yield _limit("fs.inotify.max_user_instances", LEAST_INOTIFY)


def _limit(name: str, least: int) -> Finding:
    value = int(Path("/proc/sys", *name.split(".")).read_text())
    return Finding(
        check=name,
        good=value >= least,
        message=f"is {value}" + ("" if value >= least else "; every kubelet takes several"),
        mend="" if value >= least else f"sysctl -w {name}={least * 8} (the service does so itself when it starts)",
        warning=True,
    )


def _room(state: Path) -> Iterator[Finding]:
    folder = next(each for each in (state, *state.parents) if each.exists())
    free = shutil.disk_usage(folder).free // 2**30
    yield Finding(
        check="disk",
        good=free >= LEAST_DISK_GB,
        message=f"{free} GiB free at {folder}",
        mend="" if free >= LEAST_DISK_GB else f"free at least {LEAST_DISK_GB} GiB there, or set STEWARD_STATE",
    )
    writable = os.access(folder, os.W_OK)
    yield Finding(
        check="state folder",
        good=writable,
        message=f"{state} can be written" if writable else f"{folder} cannot be written",
        mend="" if writable else "set STEWARD_STATE to a folder that can, or mount it read-write",
    )


def port(listen: str) -> Iterator[Finding]:
    """Whether the API can listen there."""
    host, _, port = listen.rpartition(":")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as reason:
            yield Finding(
                check=f"address {listen}",
                good=False,
                message=f"cannot be used: {reason.strerror}",
                mend=f"see who has it with `ss -ltnp sport = :{port}`, or set STEWARD_LISTEN to another",
            )
            return
    yield Finding(check=f"address {listen}", good=True, message="is free")
