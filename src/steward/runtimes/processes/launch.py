"""Starts one program so that it survives whoever asked for it.

Run as a script of its own (`python -I -S launch.py`), with a description as JSON on standard input; it
imports nothing of steward, because its start-up time is part of every cluster's. It answers on standard
output with the program's pid and start time, and is gone: the program then belongs to process 1, or to
the first process of its box.

The order matters: a lock per program makes two launches at once one; the pid file is written before the
program runs; so whatever is killed, and whenever, no program runs that no pid file names.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import sys
from typing import Any

NEW_NS, NEW_UTS, NEW_IPC, NEW_PID = 0x00020000, 0x04000000, 0x08000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_SLAVE, MS_SHARED = 4096, 16384, 1 << 19, 1 << 20
MNT_DETACH = 2
ENDED = ("Z", "X")  # states of a process
EXITING = 0x4  # among its flags
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "kmsg", "fuse")

Record = dict[str, Any]  # pid, start, boot
Order = dict[str, Any]

libc = ctypes.CDLL(None, use_errno=True)


def called(name: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def setns(descriptor: int) -> None:
    called("setns", libc.setns(descriptor, 0))


def unshare(flags: int) -> None:
    called("unshare", libc.unshare(flags))


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    arguments = [text.encode() if text else None for text in (source, target, kind)]
    called(f"mount {source} on {target}", libc.mount(*arguments, ctypes.c_ulong(flags), data.encode() or None))


def start_time(pid: int) -> int | None:
    """In clock ticks after boot: with the pid it names one process of this boot."""
    fields = _facts(pid)
    return None if fields[0] in ENDED else int(fields[19])


def is_ending(pid: int) -> bool:
    """Whether it has ended, or the kernel is taking it apart: nobody is answered, and its files may still be open."""
    try:
        fields = _facts(pid)
    except OSError:
        return True
    return fields[0] in ENDED or bool(int(fields[6]) & EXITING)


def _facts(pid: int) -> list[str]:
    """Of /proc/PID/stat, from the state on."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()


def boot_id() -> str:
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def alive(record: Record) -> bool:
    try:
        return bool(record["boot"] == boot_id() and start_time(record["pid"]) == record["start"])
    except (OSError, KeyError, ValueError):
        return False


def read_record(path: str) -> Record:
    try:
        with open(path) as file:
            record: Record = json.load(file)
    except (OSError, ValueError):
        return {}
    return record


def write_record(path: str, record: Record) -> None:
    with open(path + ".new", "w") as file:
        json.dump(record, file)
    os.rename(path + ".new", path)


def join_cgroups(folders: list[str]) -> None:
    for folder in folders:
        with open(os.path.join(folder, "cgroup.procs"), "w") as file:
            file.write("0")


def make_box(box: dict[str, Any]) -> None:
    """A root of its own for a node: what it needs of the host read-only, the rest its own."""
    root = box["root"]
    mount("", "/", flags=MS_REC | MS_SLAVE)
    mount(root, root, flags=MS_BIND)
    for name in ("proc", "sys", "dev", "run", "tmp"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    mount("tmpfs", root + "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    mount("tmpfs", root + "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    mount("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("/sys", root + "/sys", flags=MS_BIND)
    make_cgroups(root + "/sys/fs/cgroup", box["cgroups"])
    make_devices(root + "/dev")
    for source, target in box["binds"]:
        show(source, root + target)
    enter_root(root)
    mount("", "/", flags=MS_REC | MS_SHARED)
    name = box["name"].encode()
    called("sethostname", libc.sethostname(name, len(name)))


def make_cgroups(folder: str, own: list[list[str]]) -> None:
    """The box's own group is the root that is seen inside: what the node measures is the node, not the host."""
    if own and own[0][1]:
        mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755")
    for source, name in own:
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        mount(source, os.path.join(folder, name), flags=MS_BIND)


def show(source: str, path: str) -> None:
    """Of the host, read-only; after the fresh file systems, which it may lie within."""
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
    mount(source, path, flags=MS_BIND | MS_REC)
    mount("", path, flags=MS_BIND | MS_REMOUNT | MS_RDONLY)


def make_devices(folder: str) -> None:
    mount("tmpfs", folder, "tmpfs", MS_NOSUID, "mode=755")
    for name in DEVICES:
        if os.path.exists(f"/dev/{name}"):
            os.close(os.open(f"{folder}/{name}", os.O_CREAT | os.O_WRONLY, 0o666))
            mount(f"/dev/{name}", f"{folder}/{name}", flags=MS_BIND)
    for name in ("pts", "shm", "mqueue"):
        os.mkdir(f"{folder}/{name}")
    mount("devpts", folder + "/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5")
    mount("shm", folder + "/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=65536k")
    mount("mqueue", folder + "/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for link, target in (
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ):
        os.symlink(target, f"{folder}/{link}")


def enter_root(root: str) -> None:
    old = root + "/.old"
    os.makedirs(old, exist_ok=True)
    called("pivot_root", libc.pivot_root(root.encode(), old.encode()))
    os.chdir("/")
    called("umount", libc.umount2(b"/.old", MNT_DETACH))
    os.rmdir("/.old")


def become(order: Order, log: int, namespaces: list[int]) -> None:
    """In the child: take on everything that the order names, then the program itself."""
    os.setsid()
    os.umask(0o022)  # a stricter one of the service's would hide /etc/hosts from pods that are not root
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for descriptor in namespaces:
        setns(descriptor)
    if order.get("box"):
        unshare(NEW_NS | NEW_UTS | NEW_IPC)
        make_box(order["box"])
    if order.get("binds"):
        unshare(NEW_NS)
        # What the host unmounts is gone from here as well: a private copy would hold its disk as long as this runs.
        mount("", "/", flags=MS_REC | MS_SLAVE)
        for source, target in order["binds"]:
            mount(source, os.path.realpath(target), flags=MS_BIND)
    os.chdir("/")
    os.execve(order["command"][0], order.get("argv") or order["command"], order["env"])


def launch(order: Order) -> Record:
    # Opened here: the paths mean something else once the namespaces have changed.
    log = os.open(order["log"], os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o640)
    join_cgroups(order.get("cgroups", []))
    namespaces = [os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in order.get("namespaces", ())]
    if order.get("pid_namespace"):
        setns(os.open(order["pid_namespace"], os.O_RDONLY | os.O_CLOEXEC))
    if order.get("box"):
        unshare(NEW_PID)
    hold, go = os.pipe()
    said, say = os.pipe()  # closed by a successful exec, so its end says that the program runs
    child = os.fork()
    if child == 0:
        try:
            os.close(go)
            if os.read(hold, 1) != b"!":
                os._exit(125)
            become(order, log, namespaces)
        except BaseException as reason:
            os.write(say, f"{order['command'][0]}: {reason}".encode())
        os._exit(126)
    os.close(say)
    record = {"pid": child, "start": start_time(child), "boot": boot_id()}
    write_record(order["record"], record)
    os.write(go, b"!")
    complaint = os.read(said, 4096).decode()
    if complaint:
        sys.exit(complaint)
    return record


def keep_nothing_open() -> None:
    """Whatever else was inherited ends with the exec: a pipe held open by a program would never end."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            with contextlib.suppress(OSError):  # the descriptor of the listing itself
                os.set_inheritable(int(name), False)


def main() -> None:
    order = json.load(sys.stdin)
    keep_nothing_open()
    with open(order["record"] + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        record = read_record(order["record"])
        if not alive(record):
            record = launch(order)
    json.dump(record, sys.stdout)


if __name__ == "__main__":
    main()
