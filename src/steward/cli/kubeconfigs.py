"""Merging a cluster's kubeconfig into the person's own file, without losing anything of theirs.

`merged` decides on values, `merge_into` touches the file: written beside it and renamed over it, the
former content kept as a backup, and nothing written at all where nothing changes.
"""

import contextlib
import copy
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from steward.cli import failures
from steward.cli import terminal as terminal_

HEAD = ("apiVersion", "kind", "preferences")
LISTS = ("clusters", "users", "contexts")
Config = dict[str, object]
Entry = dict[str, object]


class _Loader(yaml.SafeLoader):
    """Keeps moments as the text they are: other tools' tokens have expiries that must come back unchanged."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    file: Path
    context: str
    backup: Path | None


def own_file(terminal: terminal_.Terminal) -> Path:
    """As kubectl chooses it: the first file of KUBECONFIG, else `~/.kube/config`."""
    named = [part for part in terminal.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return terminal.folder / named[0] if named else terminal.home / ".kube" / "config"


def parse(text: str, *, source: str) -> Config:
    """An empty file is an empty kubeconfig."""
    try:
        content = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise failures.Failure(f"{source} is not readable as YAML, so nothing was changed{_place(error)}") from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(_entries_ok(content.get(key)) for key in LISTS):
        raise failures.Failure(
            f"{source} is not a kubeconfig, so nothing was changed: {', '.join(LISTS)} must be lists of named entries"
        )
    return content


def merged(present: Config, coming: Config, *, identifier: str) -> Config:
    """`present` with the entries of `coming` and its current context.

    Entries of the same name are replaced where they lead to the same server. Where they lead elsewhere
    they are somebody's way into another cluster, and the coming names get the cluster's id behind them.
    """
    if not _may_replace(present, coming):
        coming = _renamed(coming, f"-{identifier[:8]}")
    result = copy.deepcopy(present)
    for key in HEAD:
        if key in coming:
            result.setdefault(key, coming[key])
    for key in LISTS:
        new = {entry["name"]: entry for entry in _entries(coming, key)}
        old = [new.pop(entry["name"], entry) for entry in _entries(result, key)]
        result[key] = [*old, *new.values()]
    result["current-context"] = coming["current-context"]
    return result


def merge_into(file: Path, content: str, *, identifier: str, now: float) -> Merged:
    """`now`, in Unix seconds, names the backup."""
    target = file.resolve()  # a link stays a link, its target is what changes
    coming = parse(content, source="The service's answer")
    if not isinstance(coming.get("current-context"), str):
        raise failures.Failure("The service's answer is not a whole kubeconfig, so nothing was changed.")
    try:
        before = target.read_text() if target.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise failures.Failure(f"{file} cannot be read, so nothing was changed: {error}") from None
    present = parse(before, source=str(file))
    result = merged(present, coming, identifier=identifier)
    backup = None
    if result != present:
        if before:
            backup = _backup_name(target, now)
            write(backup, before)
        write(target, yaml.safe_dump(result, sort_keys=False, allow_unicode=True))
    return Merged(file=file, context=str(result["current-context"]), backup=backup)


def write(file: Path, content: str) -> None:
    """The whole content or nothing of it, readable by its owner only."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(handle, "w") as stream:  # mkstemp's mode is 0600
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(name, file)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise failures.Failure(f"{file} cannot be written: {error.strerror}. It is as it was before.") from None


def _backup_name(file: Path, now: float) -> Path:
    """One that is not taken: two merges within a second keep both former states."""
    stem = f"{file.name}.bak-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}"
    name, number = file.with_name(stem), 1
    while name.exists():
        name, number = file.with_name(f"{stem}-{number}"), number + 1
    return name


def _may_replace(present: Config, coming: Config) -> bool:
    """No name is taken, or it is taken by the way to the same server."""
    ours = {entry["name"]: _server(entry) for entry in _entries(coming, "clusters")}
    theirs = {entry["name"]: _server(entry) for entry in _entries(present, "clusters")}
    if any(name in theirs for name in ours):
        return all(theirs.get(name, server) == server for name, server in ours.items())
    return not any(
        {entry["name"] for entry in _entries(present, key)} & {entry["name"] for entry in _entries(coming, key)}
        for key in LISTS
    )


def _renamed(config: Config, suffix: str) -> Config:
    def entry(kind: str, old: Entry) -> Entry:
        new = {**old, "name": f"{old['name']}{suffix}"}
        if kind == "contexts":
            context = cast(Mapping[str, object], old["context"])
            new["context"] = {
                **context,
                "cluster": f"{context['cluster']}{suffix}",
                "user": f"{context['user']}{suffix}",
            }
        return new

    lists = {key: [entry(key, old) for old in _entries(config, key)] for key in LISTS}
    return {**config, **lists, "current-context": f"{config['current-context']}{suffix}"}


def _place(error: yaml.YAMLError) -> str:
    """Without the line itself, which may hold a token."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return ""
    return f": line {error.problem_mark.line + 1}: {error.problem or error.context}"


def _server(entry: Entry) -> object:
    cluster = entry.get("cluster")
    return cluster.get("server") if isinstance(cluster, dict) else None


def _entries(config: Config, key: str) -> list[Entry]:
    return cast(list[Entry], config.get(key) or [])


def _entries_ok(entries: object) -> bool:
    """Left out and `null` both mean none; names are what entries are found by."""
    if entries is None:
        return True
    return isinstance(entries, list) and all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in entries
    )
