"""What clusters need of the kernel: file systems, namespaces, cgroups, settings, and a network that can be made.

Called by `doctor`, which changes nothing, and by `host`, which loads the modules that the kernel has and has not
loaded yet: on Debian, overlay is one of them after every start of the machine.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from pathlib import Path

from steward.domain import networks
from steward.runtimes.processes import cgroups, links
from steward.runtimes.processes.findings import Finding, verdict

SETTINGS = Path("/proc/sys")
LEAST_INOTIFY = 1024
IPVS = ("ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "nf_conntrack")
_FILESYSTEMS = ("overlay", "tmpfs", "proc", "devpts", "mqueue")
_CAPABILITIES = {
    "CAP_CHOWN": 0, "CAP_DAC_OVERRIDE": 1, "CAP_KILL": 5, "CAP_SETGID": 6, "CAP_SETUID": 7, "CAP_NET_ADMIN": 12,
    "CAP_SYS_CHROOT": 18, "CAP_SYS_ADMIN": 21, "CAP_MKNOD": 27,
}  # fmt: skip
_TRIAL_SECONDS = 20
_READ_ONLY_OVERLAY = ("mount", "-t", "overlay", "overlay", "-o", "lowerdir=/usr:/etc", "/tmp")


def look() -> Iterator[Finding]:
    for name in _FILESYSTEMS:
        yield _file_system(name)
    for kind in ("net", "mnt", "pid", "uts", "ipc"):
        yield verdict(
            f"{kind} namespaces",
            "" if Path(f"/proc/self/ns/{kind}").exists() else "the kernel was built without them",
            well="available",
            mend="boot a kernel with CONFIG_NAMESPACES",
        )
    yield from controllers(cgroups.ROOT)
    writable = os.access(SETTINGS / "net/ipv4/ip_forward", os.W_OK)
    yield verdict(
        "kernel settings",
        "" if writable or os.geteuid() != 0 else f"{SETTINGS} cannot be written",
        well=f"{SETTINGS} can be written" if writable else "only root can write them",
        mend=f"mount -o remount,rw {SETTINGS}; in a container, run it privileged",
    )
    yield _limit("fs.inotify.max_user_instances", LEAST_INOTIFY)


def attempt() -> Iterator[Finding]:
    """What no file tells: made once, in a network that ends with the program that makes it."""
    network = networks.Plan(IPv4Network("100.64.0.0/12")).cluster(0)
    rules = links.cluster_rules(network, networks.DEFAULT_PODS)
    made = "link add try0 type bridge\nlink add try1 type veth peer name try2\n"
    trials: tuple[tuple[str, Sequence[str], str, str], ...] = (
        ("bridges and veth links", ("ip", "-batch", "-"), made, "modprobe -a bridge veth"),
        ("nftables with NAT", ("nft", "-f", "-"), rules, "modprobe -a nf_tables nft_chain_nat nft_masq nft_ct"),
        ("iptables", ("iptables", "-w", "-t", "nat", "-S"), "", "modprobe -a nft_compat ip_tables iptable_nat"),
    )
    for name, command, stdin, mend in trials:
        yield verdict(
            name,
            tried("unshare", "--net", "--", *command, stdin=stdin),
            well="the kernel makes them",
            mend=f"{mend}, or boot a kernel that has them; in a container, run it privileged",
        )


def load() -> None:
    """Load what is there and not loaded. What fails is told by what needs it."""
    if not _knows("overlay"):
        tried("modprobe", "-q", "overlay")
    if not Path("/proc/net/ip_vs").exists():
        tried("modprobe", "-q", "-a", *IPVS)


def capabilities(status: Path = Path("/proc/self/status")) -> Finding:
    """A root that lacks some, as in a container, fails later and less clearly."""
    words = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    has = int(words["CapEff"].strip(), 16)
    lacking = [name for name, bit in _CAPABILITIES.items() if not has >> bit & 1]
    return verdict(
        "capabilities",
        f"this root lacks {', '.join(lacking)}" if lacking else "",
        well="root has those that are needed",
        mend="run it on the machine itself, or in a privileged container",
    )


def controllers(root: Path) -> Iterator[Finding]:
    """Each controller by itself, in v2 where that is mounted, else in v1."""
    unified = root / "cgroup.controllers"
    if not unified.exists() and not any((root / each).is_dir() for each in cgroups.REQUIRED):
        mend = f"mount -t cgroup2 cgroup2 {root}"
        yield Finding(check="cgroups", good=False, message=f"no cgroup file system at {root}", mend=mend)
        return
    writable = os.access(root if unified.exists() else root / "memory", os.W_OK)
    yield verdict(
        "cgroups",
        "" if writable or os.geteuid() != 0 else f"{root} cannot be written",
        well=f"{'v2' if unified.exists() else 'v1'} at {root}",
        mend=f"mount -o remount,rw {root}; in a container, run it privileged",
    )
    has = unified.read_text().split() if unified.exists() else [each.name for each in root.iterdir()]
    for name in cgroups.REQUIRED:
        yield verdict(
            f"cgroup controller {name}",
            "" if name in has else f"the limits of nodes need it, and it is not at {root}",
            well="available",
            mend=f"boot the kernel with cgroup_enable={name}"
            if name == "memory"
            else f"mount or delegate {name} there",
        )


def tried(*command: str, stdin: str = "") -> str:
    """What a short program complained about; empty where it succeeded."""
    try:
        ended = _run(command, stdin)
    except (OSError, subprocess.TimeoutExpired) as reason:
        return f"{command[0]}: {reason}"
    if ended.returncode == 0:
        return ""
    lines = ended.stderr.strip().splitlines()
    return lines[0][:200] if lines else f"`{' '.join(command[:6])}` ended with {ended.returncode}"


def output(*command: str) -> str:
    """Of a short program that only looks; empty where it fails."""
    try:
        ended = _run(command, "")
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout if ended.returncode == 0 else ""


def _run(command: Sequence[str], stdin: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=_TRIAL_SECONDS, check=False)


def _file_system(name: str) -> Finding:
    well = "known to the kernel"
    if not _knows(name) and (can_load(name) or (name == "overlay" and _mounts_overlay())):
        return Finding(check=f"file system {name}", good=True, message="a module, which is loaded when it is needed")
    return verdict(
        f"file system {name}",
        "" if _knows(name) else f"the kernel does not know {name}",
        well=well,
        mend=f"modprobe {name} (apt-get install -y kmod where that is missing), or boot a kernel that has it",
    )


def _knows(name: str) -> bool:
    return name in Path("/proc/filesystems").read_text().split()


def can_load(module: str) -> bool:
    return shutil.which("modprobe") is not None and not tried("modprobe", "--dry-run", "--quiet", module)


def _mounts_overlay() -> bool:
    """In a container there are no modules to be seen; the kernel itself finds them when it is asked to mount."""
    return os.geteuid() == 0 and not tried("unshare", "--mount", "--", *_READ_ONLY_OVERLAY)


def _limit(name: str, least: int) -> Finding:
    value = int((SETTINGS / name.replace(".", "/")).read_text())
    return verdict(
        name,
        "" if value >= least else f"is {value}; every kubelet takes several",
        well=f"is {value}",
        mend=f"sysctl -w {name}={least * 8} (the service does so itself when it starts)",
        warning=True,
    )
