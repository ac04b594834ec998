"""The files of a small userland: Debian's busybox with the libraries that it names.

Called by images. Debian's dynamic busybox, because the static one crashes in its DNS resolver.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from steward.components import layouts, shelves
from steward.domain import errors

_PROGRAM = Path("/bin/busybox")
_MEND = "Mend it by: apt-get install busybox"
_USERS = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
_GROUPS = "root:x:0:\nnogroup:x:65534:\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Userland:
    version: str
    program: Path
    libraries: tuple[str, ...]  # absolute, as the program finds them
    applets: tuple[str, ...]

    def digests(self) -> list[str]:
        return [f"{path}={shelves.sha256(Path(path))}" for path in (str(self.program), *self.libraries)]

    def entries(self, *, users: str = "", groups: str = "") -> list[layouts.Entry]:
        folders = {"/bin", "/etc", "/home", "/usr", "/usr/bin", "/var"}
        for library in self.libraries:
            folders |= {str(parent) for parent in Path(library).parents if str(parent) != "/"}
        return [
            *(layouts.Entry(path=path) for path in sorted(folders)),
            layouts.Entry(path="tmp", mode=0o1777),
            layouts.Entry(path="/root", mode=0o700),
            layouts.Entry(path="/bin/busybox", source=self.program),
            *(layouts.Entry(path=path, source=Path(path)) for path in self.libraries),
            *(layouts.Entry(path=f"/bin/{name}", target="busybox") for name in self.applets),
            layouts.Entry(path="/usr/bin/env", target="../../bin/busybox"),
            layouts.Entry(path="/etc/passwd", mode=0o644, content=(_USERS + users).encode()),
            layouts.Entry(path="/etc/group", mode=0o644, content=(_GROUPS + groups).encode()),
            layouts.Entry(path="/etc/nsswitch.conf", mode=0o644, content=b"hosts: files dns\n"),
        ]


def userland() -> Userland:
    """Of this machine; refuses where it has none, or a static one."""
    if not _PROGRAM.is_file():
        raise errors.Unavailable(f"The image of busybox is made from Debian's package, which is not here. {_MEND}")
    libraries = tuple(sorted(set(re.findall(r"(/\S+) \(0x", _said("ldd", str(_PROGRAM))))))
    if not libraries:
        raise errors.Unavailable(f"{_PROGRAM} is a static busybox, whose DNS resolver crashes. {_MEND}")
    banner = re.search(r"BusyBox v(\d+\.\d+\.\d+)", _said(str(_PROGRAM)))
    applets = tuple(name for name in _said(str(_PROGRAM), "--list").split() if name != "busybox")
    if banner is None or not applets:
        raise errors.Unavailable(f"{_PROGRAM} does not say what it is. {_MEND}")
    return Userland(version=banner.group(1), program=_PROGRAM, libraries=libraries, applets=applets)


def lacks() -> list[str]:
    """What this machine lacks to make the image, with how to mend it."""
    try:
        userland()
    except errors.Unavailable as refusal:
        return [refusal.message]
    return []


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
    except OSError:
        return ""
