"""Names and paths of everything that this runtime puts on a machine.

One place decides them, so that removal and the tests that look for orphans know where to look.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from steward.domain import clusters, nodes


@dataclass(frozen=True, slots=True)
class Places:
    """Of one service: its state folder and the prefix of its names."""

    state: Path
    instance: str

    @property
    def registry(self) -> Path:
        return self.state / "registry"

    def cluster(self, cluster_id: clusters.ClusterId) -> "ClusterPlaces":
        return ClusterPlaces(folder=self.state / "clusters" / cluster_id, cluster_id=cluster_id)

    def namespace(self, slot: int) -> str:
        """Of the cluster's network, and of its link on the host."""
        return f"{self.instance}-{slot}"

    def node_namespace(self, slot: int, number: int) -> str:
        return f"{self.instance}-{slot}-{number}"

    def segment(self, number: int) -> str:
        """Of a private network; the `p` keeps it apart from clusters."""
        return f"{self.instance}-p{number}"

    def router(self, number: int) -> str:
        """Of a private network's gateway, and of its link on the host."""
        return f"{self.instance}-r{number}"

    def cgroup(self, slot: int, number: int | None = None) -> str:
        """Of a cluster or of a node, relative to the cgroup file systems. Programs sit in leaves below it."""
        return f"{self.instance}/{slot}" + ("" if number is None else f"/{number}")


@dataclass(frozen=True, slots=True)
class ClusterPlaces:
    folder: Path
    cluster_id: clusters.ClusterId

    @property
    def etcd(self) -> Path:
        return self.folder / "etcd"

    @property
    def served(self) -> Path:
        """Stands once etcd has answered: from then on its data is never thrown away."""
        return self.folder / "etcd.served"

    @property
    def credentials(self) -> Path:
        return self.folder / "credentials"

    @property
    def audit(self) -> Path:
        """The folder of the API server's audit log and of those that it took the place of."""
        return self.folder / "audit"

    @property
    def audit_log(self) -> Path:
        return self.audit / "audit.log"

    @property
    def audit_policy(self) -> Path:
        return self.folder / "audit-policy.yaml"

    @property
    def logins(self) -> Path:
        """The folder of what API servers read about identity providers."""
        return self.folder / "logins"

    @property
    def ending(self) -> Path:
        """Names the API server that was told to end, because its successor serves."""
        return self.folder / "run" / "kube-apiserver.ending"

    def record(self, program: str) -> Path:
        return self.folder / "run" / f"{program}.json"

    def log(self, program: str) -> Path:
        return self.folder / "log" / f"{program}.log"

    def node(self, node_id: nodes.NodeId) -> "NodePlaces":
        return NodePlaces(folder=self.folder / "nodes" / node_id)


@dataclass(frozen=True, slots=True)
class NodePlaces:
    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def memory(self) -> Path:
        """What the box sees as /proc/meminfo."""
        return self.folder / "meminfo"

    def record(self, program: str) -> Path:
        return self.folder / "run" / f"{program}.json"

    def log(self, program: str) -> Path:
        return self.folder / "log" / f"{program}.log"


def namespace_path(name: str) -> Path:
    return Path("/run/netns") / name


def remember(folder: Path, facts: dict[str, object]) -> None:
    """What `remove` must know when only the id is left: kept beside the data, durable."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / "facts.json", json.dumps(facts), durable=True)


def recall(folder: Path) -> dict[str, object]:
    try:
        facts: dict[str, object] = json.loads((folder / "facts.json").read_text())
    except (OSError, ValueError):
        return {}
    return facts


def write_private(path: Path, text: str, *, mode: int = 0o600, durable: bool = False) -> bool:
    """Replace the file as a whole; False where it already says so.

    `durable` costs two syncs; what can be written again from the database does not need them.
    """
    try:
        if path.read_text() == text:
            return False
    except (OSError, UnicodeDecodeError):
        pass
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Of its own, because two steps of a flow may write the same file at the same time.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)  # on a full disk every attempt would leave one, keys among them
        raise
    if durable:
        sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
