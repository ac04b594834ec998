"""OCI images as folders (the OCI image layout), written without a container engine.

Called by images. The same entries give the same bytes on every machine: no times, no owners of the builder's,
names in order. Layers are not compressed: they travel over one host's bridge, where packing costs more than it saves.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steward.components import recipes, shelves

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
_NO_TIME = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name in a layer: a file (from `source` or with `content`), a link (`target`), else a folder."""

    path: str
    mode: int = 0o755
    source: Path | None = None
    content: bytes | None = None
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    ports: tuple[int, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        wanted = {
            "User": self.user,
            "ExposedPorts": {f"{port}/tcp": {} for port in self.ports},
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.command),
            "WorkingDir": "/",
            "Labels": dict(self.labels),
        }
        return {name: value for name, value in wanted.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    media_type: str
    digest: str  # "sha256:…"
    size: int

    def document(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}

    def path(self, layout: Path) -> Path:
        return layout / "blobs" / "sha256" / self.digest.removeprefix("sha256:")


def write(layout: Path, layers: Sequence[Iterable[Entry]], config: Config) -> Blob:
    """Fills an empty folder; returns the image's manifest."""
    (layout / "blobs" / "sha256").mkdir(parents=True)
    blobs = [_layer(layout, entries) for entries in layers]
    configured = _json(
        layout,
        CONFIG_TYPE,
        {
            "created": _NO_TIME,
            "architecture": recipes.architecture(),
            "os": "linux",
            "config": config.document(),
            "rootfs": {"type": "layers", "diff_ids": [blob.digest for blob in blobs]},
            "history": [{"created": _NO_TIME, "created_by": "steward"} for _ in blobs],
        },
    )
    manifest = _json(
        layout,
        MANIFEST_TYPE,
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": configured.document(),
            "layers": [blob.document() for blob in blobs],
        },
    )
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n', encoding="utf-8")
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [manifest.document()]}
    (layout / "index.json").write_text(json.dumps(index) + "\n", encoding="utf-8")
    return manifest


def manifest(layout: Path) -> Blob:
    (found,) = json.loads((layout / "index.json").read_text(encoding="utf-8"))["manifests"]
    return _blob(found)


def blobs(layout: Path) -> list[Blob]:
    """Of an image, without its manifest: what a registry must have before it takes the manifest."""
    document = json.loads(manifest(layout).path(layout).read_bytes())
    return [_blob(each) for each in (*document["layers"], document["config"])]


def _blob(document: Mapping[str, Any]) -> Blob:
    return Blob(media_type=document["mediaType"], digest=document["digest"], size=document["size"])


def _json(layout: Path, media_type: str, document: Mapping[str, Any]) -> Blob:
    content = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    blob = Blob(media_type=media_type, digest=f"sha256:{hashlib.sha256(content).hexdigest()}", size=len(content))
    blob.path(layout).write_bytes(content)
    return blob


def _layer(layout: Path, entries: Iterable[Entry]) -> Blob:
    writing = layout / "layer.tar"
    with tarfile.open(writing, "w", format=tarfile.GNU_FORMAT) as archive:
        for entry in sorted(entries, key=lambda each: each.path):
            _add(archive, entry)
    blob = Blob(media_type=LAYER_TYPE, digest=f"sha256:{shelves.sha256(writing)}", size=writing.stat().st_size)
    writing.rename(blob.path(layout))
    return blob


def _add(archive: tarfile.TarFile, entry: Entry) -> None:
    member = tarfile.TarInfo(entry.path.lstrip("/"))  # mtime, uid and gid are 0, names of owners empty
    member.mode = entry.mode
    if entry.target:
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, entry.target, 0o777
        archive.addfile(member)
    elif entry.content is not None:
        member.size = len(entry.content)
        archive.addfile(member, io.BytesIO(entry.content))
    elif entry.source is not None:
        member.size = entry.source.stat().st_size
        with entry.source.open("rb") as stream:
            archive.addfile(member, stream)
    else:
        member.type = tarfile.DIRTYPE
        archive.addfile(member)
