"""Images are valid by their own digests, and the same on every machine."""

import hashlib
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from steward.components import busybox, images, layouts, registries, shelves
from steward.domain import errors


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(b"\x7fELF and so on")
    return path


def _write(folder: Path, program: Path) -> layouts.Blob:
    folder.mkdir()
    entries = [
        layouts.Entry(path="/program", source=program),
        layouts.Entry(path="/etc", mode=0o755),
        layouts.Entry(path="/etc/hosts", mode=0o644, content=b"127.0.0.1 localhost\n"),
        layouts.Entry(path="/alias", target="program"),
    ]
    config = layouts.Config(entrypoint=("/program",), command=("run",), user="65535:65535", ports=(80,))
    return layouts.write(folder, [entries], config)


def test_every_digest_and_size_is_that_of_its_blob(tmp_path: Path, program: Path) -> None:
    layout = tmp_path / "layout"
    _write(layout, program)
    for blob in (layouts.manifest(layout), *layouts.blobs(layout)):
        content = blob.path(layout).read_bytes()
        assert blob.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert blob.size == len(content)


def test_config_names_its_layers_and_how_to_start(tmp_path: Path, program: Path) -> None:
    layout = tmp_path / "layout"
    _write(layout, program)
    layer, configured = layouts.blobs(layout)
    document = json.loads(configured.path(layout).read_bytes())
    assert document["rootfs"] == {"type": "layers", "diff_ids": [layer.digest]}
    assert document["os"] == "linux"
    assert document["config"]["Entrypoint"] == ["/program"]
    assert document["config"]["Cmd"] == ["run"]
    assert document["config"]["ExposedPorts"] == {"80/tcp": {}}
    assert document["config"]["User"] == "65535:65535"


def test_layer_has_no_trace_of_its_maker(tmp_path: Path, program: Path) -> None:
    layout = tmp_path / "layout"
    _write(layout, program)
    with tarfile.open(layouts.blobs(layout)[0].path(layout)) as archive:
        members = archive.getmembers()
        assert [member.name for member in members] == ["alias", "etc", "etc/hosts", "program"]
        assert {(member.mtime, member.uid, member.gid, member.uname) for member in members} == {(0, 0, 0, "")}
        assert members[0].issym()
        content = archive.extractfile("program")
        assert content is not None
        assert content.read() == program.read_bytes()


def test_same_content_same_image(tmp_path: Path, program: Path) -> None:
    assert _write(tmp_path / "one", program) == _write(tmp_path / "other", program)


@pytest.mark.parametrize(
    ("reference", "repository", "tag"),
    [
        ("registry.k8s.io/pause:3.10.2", "pause", "3.10.2"),
        ("registry.k8s.io/coredns/coredns:v1.15.0", "coredns/coredns", "v1.15.0"),
        ("docker.io/library/busybox:latest", "library/busybox", "latest"),
    ],
)
def test_names_in_a_mirror(reference: str, repository: str, tag: str) -> None:
    image = images.Image(
        reference=reference, layers=(), config=layouts.Config(), digest="", shelf=shelves.Shelf(root=Path("/nowhere"))
    )
    assert (image.repository, image.tag) == (repository, tag)


def test_tags_of_kubernetes() -> None:
    assert images.pause_reference("1.37.2") == "registry.k8s.io/pause:3.10.2"
    assert images.agnhost_reference("1.36.3") == "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
    with pytest.raises(errors.Unavailable, match=r"which images Kubernetes 1\.1\.1 names"):
        images.pause_reference("1.1.1")


def test_busybox_never_claims_another_version() -> None:
    assert images.busybox_references("1.35.0") == [
        f"docker.io/library/busybox:{tag}" for tag in ("1.35.0", "1.35", "latest")
    ]


def test_the_order_of_entries_is_the_same_in_every_process() -> None:
    script = (
        "from pathlib import Path; from steward.components import busybox; "
        "userland = busybox.Userland(version='1', program=Path('/b'), libraries=('/lib/x/y.so',), applets=('sh',)); "
        "print([entry.path for entry in userland.entries()])"
    )
    orders = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(orders) == 1


def test_userland_has_all_folders_of_what_it_holds() -> None:
    userland = busybox.Userland(
        version="1.35.0", program=Path("/bin/busybox"), libraries=("/lib/x/libc.so.6",), applets=("ls", "sh")
    )
    entries = {f"/{entry.path.lstrip('/')}": entry for entry in userland.entries()}
    for path in entries:
        parent = str(Path(path).parent)
        assert parent == "/" or parent in entries, path
    assert entries["/bin/ls"].target == "busybox"
    assert entries["/tmp"].mode == 0o1777


def test_missing_and_static_busybox_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busybox, "_PROGRAM", tmp_path / "busybox")
    (lack,) = busybox.lacks()
    assert "apt-get install busybox" in lack
    (tmp_path / "busybox").write_text("#!/bin/sh\n")
    (lack,) = busybox.lacks()
    assert "static" in lack


def test_registry_is_configured_for_a_port_or_a_socket() -> None:
    assert "addr: 100.64.0.1:5000" in registries.registry_config(Path("/data"), "100.64.0.1:5000")
    assert "net: unix" in registries.registry_config(Path("/data"), "/run/registry.socket")
    assert "readonly:\n      enabled: true" in registries.registry_config(Path("/data"), ":5000", read_only=True)
    assert registries.registry_environment()["OTEL_TRACES_EXPORTER"] == "none"
