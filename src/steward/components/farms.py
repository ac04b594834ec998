"""Per Kubernetes version, one folder in which every program has its name.

Called by supply. A farm never changes: other contents get another folder, so a cluster that was made with one
keeps it while newer components arrive. `<cache>/bin/<version>` leads to the newest.
"""

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from steward.catalogue import components as catalogue
from steward.components import shelves
from steward.domain import errors

CNI = "cni"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One component that is here."""

    fact: catalogue.ComponentFact
    version: str
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    kube_version: str
    folder: Path  # self-contained: hard links, which a node's own root can have bound into it
    newest: Path  # a link that leads to the folder; for people's PATH, never for clusters
    parts: tuple[Part, ...]

    @property
    def cni(self) -> Path:
        """Folder of the CNI plugins."""
        return self.folder / CNI

    def path(self, program: str) -> Path:
        """`kubelet`, `etcd`, `cni/ptp` …"""
        path = self.folder / program
        if not path.is_file():
            raise errors.Unavailable(
                f"{program} for Kubernetes {self.kube_version} is not on this host yet. `make components` obtains it; "
                f"an order of that version does so by itself."
            )
        return path

    def has(self, program: str) -> bool:
        return (self.folder / program).is_file()

    def version(self, component: str) -> str:
        """Of a component by its name in the catalogue, as in `etcd` or `cni`."""
        return self._part(component).version

    def sha256(self, program: str) -> str:
        """As recorded when it was made."""
        for part in self.parts:
            file = part.fact.multicall or program
            manifest = shelves.read(part.folder) if program in part.fact.programs else None
            if manifest is not None and file in manifest.files:
                return manifest.files[file].sha256
        return shelves.sha256(self.path(program))

    def _part(self, component: str) -> Part:
        for part in self.parts:
            if part.fact.name == component:
                return part
        raise errors.Unavailable(f"{component} for Kubernetes {self.kube_version} is not on this host yet")


def planted(cache: Path, kube_version: str, parts: Sequence[Part]) -> Programs:
    bin_folder = cache / "bin"
    digest = hashlib.sha256("\n".join(part.folder.name for part in parts).encode()).hexdigest()[:12]
    farm = bin_folder / f"{kube_version}-{digest}"
    if farm.is_dir():
        _fill(farm, parts)  # mends what somebody removed, and what was made again after damage
    else:
        bin_folder.mkdir(parents=True, exist_ok=True)
        _plant(farm, parts)
    newest = bin_folder / kube_version
    _point(newest, farm)
    return Programs(kube_version=kube_version, folder=farm, newest=newest, parts=tuple(parts))


def _plant(farm: Path, parts: Sequence[Part]) -> None:
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=farm.parent))
    try:
        making.chmod(0o755)
        _fill(making, parts)
        making.rename(farm)
    except OSError:
        shutil.rmtree(making, ignore_errors=True)
        if not farm.is_dir():  # else another process was faster, and what it made is the same
            raise


def _fill(farm: Path, parts: Sequence[Part]) -> None:
    (farm / CNI).mkdir(exist_ok=True)
    for part in parts:
        for program in part.fact.programs:
            _link(part, program, farm / part.fact.place / program)


def _link(part: Part, program: str, target: Path) -> None:
    own = part.folder / program
    # Hard links: all names of the one Kubernetes file share its pages, and the farm needs no other folder.
    source = own if own.is_file() else part.folder / part.fact.multicall
    if target.is_file() and target.samefile(source):
        return
    # A random name, because threads and processes may do this at once.
    fresh = target.with_name(f".{program}-{secrets.token_hex(4)}")
    os.link(source, fresh)
    fresh.replace(target)
    fresh.unlink(missing_ok=True)  # renaming onto another name of the same file does nothing


def _point(link: Path, farm: Path) -> None:
    if link.is_symlink() and link.readlink() == Path(farm.name):
        return
    fresh = link.parent / f".{link.name}-{secrets.token_hex(4)}"
    fresh.symlink_to(farm.name)
    fresh.replace(link)
