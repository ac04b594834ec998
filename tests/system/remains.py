"""What a steward has on the machine: to see that nothing is left, and to take all of it away as a power cut does."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.system import waiting
from tests.system.service import Service

_NAMESPACES = ("net", "mnt", "pid", "uts", "ipc")


def of_service(service: Service) -> list[str]:
    """Everything of one instance, as lines for people."""
    found = [f"process {pid}: {_command(pid)}" for pid in processes(service)]
    found += [f"namespace {name}" for name in _network_namespaces(service)]
    found += [f"mount {line}" for line in _mounts() if str(service.state) in line or f"/{service.instance}-" in line]
    found += [f"cgroup {path}" for path in _cgroups(service)]
    found += [f"link {name}" for name in os.listdir("/sys/class/net") if name.startswith(f"{service.instance}-")]
    rules = _said("nft", "list", "tables").splitlines()
    found += [line for line in rules if line.split()[-1] == service.instance]
    found += [f"route {line}" for line in _said("ip", "-4", "route").splitlines() if str(service.network) in line]
    found += [
        f"address {line}" for line in _said("ip", "-4", "addr").splitlines() if f"{service.plan.registry}/" in line
    ]
    clusters = service.state / "clusters"
    return found + ([f"folder {path}" for path in clusters.iterdir()] if clusters.is_dir() else [])


def processes(service: Service) -> list[int]:
    """In the cgroups of its clusters, or started with a path of its state; the service itself is not among them."""
    found: set[int] = set()
    for folder in _cgroups(service):
        for file in folder.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                found.update(int(line) for line in file.read_text().split())
    found.update(pid for pid in _pids() if str(service.state) in _command(pid))
    own = {os.getpid(), *([service.process.pid] if service.process is not None else [])}
    return sorted(pid for pid in found - own if _runs(pid))


def machine(service: Service) -> dict[str, set[str]]:
    """The machine, in what clusters change of it: compared before and after, it shows what is left."""
    host = {kind: _namespace(os.getpid(), kind) for kind in _NAMESPACES}
    pids = [pid for pid in _pids() if _runs(pid) and _may_be_ours(pid, service, host)]
    return {
        "processes": {f"{pid} {_command(pid)}" for pid in pids},
        "namespaces": {found for pid in pids for kind in _NAMESPACES if (found := _namespace(pid, kind))},
        "named namespaces": set(os.listdir("/run/netns")),
        "mounts": set(_mounts()),
        "cgroups": {str(each) for folder in _cgroups(service) for each in folder.rglob("*/")},
        "links": set(os.listdir("/sys/class/net")),
        "routes": set(_said("ip", "-4", "route", "show", "table", "all").splitlines()),
        "addresses": set(re.findall(r"inet \S+", _said("ip", "addr"))),
        "rules": set(re.sub(r"packets \d+ bytes \d+", "", _said("nft", "list", "ruleset")).splitlines()),
        "files": {str(each) for each in (service.state / "clusters").rglob("*")},
        "files in /run": {str(each) for each in Path("/run").iterdir()} | set(map(str, Path("/run/netns").iterdir())),
    }


def _may_be_ours(pid: int, service: Service, host: Mapping[str, str]) -> bool:
    """What steward starts belongs to process 1, to itself, or to a namespace that is not the host's."""
    with contextlib.suppress(OSError):
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        own = service.process.pid if service.process is not None else 0
        return parent in (1, own) or any(_namespace(pid, kind) != name for kind, name in host.items())
    return False


def lose_machine(service: Service) -> None:
    """What a power cut leaves of an instance: its files. Processes, namespaces, links, mounts, rules and cgroups go."""
    assert service.process is None, "the service is lost first"

    def all_killed() -> bool:
        for pid in processes(service):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not processes(service)

    waiting.until(all_killed, "the end of every process of the instance")
    for line in sorted((line for line in _mounts() if str(service.state) in line), reverse=True):
        _said("umount", "-l", line.split()[1], check=False)
    for name in _network_namespaces(service):
        _said("ip", "netns", "del", name)
    for name in os.listdir("/sys/class/net"):
        if name.startswith(f"{service.instance}-"):
            _said("ip", "link", "del", name, check=False)
    _said("nft", "delete", "table", "ip", service.instance, check=False)
    _said("ip", "addr", "del", f"{service.plan.registry}/32", "dev", "lo", check=False)
    _said("ip", "route", "del", "unreachable", str(service.network), check=False)
    for folder in _cgroups(service):
        waiting.until(lambda folder=folder: _removed(folder), f"the end of {folder}")  # type: ignore[misc]


def _removed(folder: Path) -> bool:
    below = sorted((each for each in folder.rglob("*") if each.is_dir()), key=lambda path: -len(path.parts))
    for each in [*below, folder]:
        each.rmdir()
    return True


def lose_data(service: Service) -> None:
    shutil.rmtree(service.state)


def _network_namespaces(service: Service) -> list[str]:
    names = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    return [name for name in names if name.startswith(f"{service.instance}-")]


def _cgroups(service: Service) -> list[Path]:
    root = Path("/sys/fs/cgroup")
    found = [root / service.instance, *(each / service.instance for each in root.iterdir() if not each.is_symlink())]
    return [each for each in found if each.is_dir()]


def _mounts() -> list[str]:
    return Path("/proc/self/mounts").read_text().splitlines()


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _runs(pid: int) -> bool:
    """Neither gone, nor a zombie, nor a thread of the kernel."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in "ZX" and fields[1] != "2" and pid != 2


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def _namespace(pid: int, kind: str) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/ns/{kind}")
    return ""


def _said(*command: str, check: bool = True) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=check).stdout
