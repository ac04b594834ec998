"""Components over real sockets and with real programs: mirror, registry, versions, images that run."""

import asyncio
import functools
import hashlib
import http.server
import json
import os
import re
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from steward import settings
from steward.catalogue import components as catalogue
from steward.catalogue import loading
from steward.components import builds, farms, images, layouts, recipes, registries, reports, shelves, supply, toolchains
from steward.domain import errors, versions

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

PROGRAM = b"#!/bin/sh\necho official\n"


@pytest.fixture(scope="module")
def components() -> supply.Components:
    return supply.of(settings.Settings())


@pytest.fixture(scope="module")
def kube_version() -> str:
    facts = loading.kubernetes_versions()
    return str(versions.latest_of(tuple(versions.Version.parse(each) for each in facts.offered), facts.default))


@pytest.fixture(scope="module")
def programs(components: supply.Components, kube_version: str) -> farms.Programs:
    return asyncio.run(components.obtain_all(kube_version))


# --- what the programs say of themselves


def _said(program: Path, *arguments: str) -> str:
    answer = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    return answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("program", "arguments", "component", "expected"),
    [
        ("kubectl", ("version", "--client"), "kube", "Client Version: v{}"),
        ("kubelet", ("--version",), "kube", "Kubernetes v{}"),
        ("kube-apiserver", ("--version",), "kube", "Kubernetes v{}"),
        ("kube-controller-manager", ("--version",), "kube", "Kubernetes v{}"),
        ("kube-scheduler", ("--version",), "kube", "Kubernetes v{}"),
        ("kube-proxy", ("--version",), "kube", "Kubernetes v{}"),
        ("etcd", ("--version",), "etcd", "etcd Version: {}"),
        ("etcdctl", ("version",), "etcd", "etcdctl version: {}"),
        ("containerd", ("--version",), "containerd", " v{}"),
        ("ctr", ("--version",), "containerd", " v{}"),
        ("containerd-shim-runc-v2", ("-v",), "containerd", "v{}"),
        ("runc", ("--version",), "runc", "runc version {}"),
        ("cni/ptp", (), "cni", "plugin v{}"),
        ("registry", ("--version",), "registry", " v{}"),
        ("coredns", ("-version",), "coredns", "CoreDNS-{}"),
        ("metrics-server", ("--version",), "metrics-server", "v{}"),
    ],
)
def test_program_says_its_version(
    programs: farms.Programs, program: str, arguments: tuple[str, ...], *, component: str, expected: str
) -> None:
    assert expected.format(programs.version(component)) in _said(programs.path(program), *arguments)


def test_runc_can_filter_system_calls(programs: farms.Programs) -> None:
    assert "libseccomp" in _said(programs.path("runc"), "--version")


def test_nothing_was_damaged(components: supply.Components, programs: farms.Programs) -> None:
    assert components.damage([programs.kube_version]) == []


def test_image_tags_are_those_of_the_source(components: supply.Components) -> None:
    for version in loading.kubernetes_versions().offered:
        source = _source(components.modules, version)
        constants = (source / "cmd" / "kubeadm" / "app" / "constants" / "constants.go").read_text()
        tags = catalogue.image_tags()[version]
        assert f'PauseVersion = "{tags.pause}"' in constants
        assert (source / "test" / "images" / "agnhost" / "VERSION").read_text().strip() == tags.agnhost


def test_dns_plugins_are_in_upstreams_order(components: supply.Components, programs: farms.Programs) -> None:
    source = _source(components.modules, programs.version("coredns"), module="github.com/coredns/coredns")
    listed = [line.split(":")[0] for line in (source / "plugin.cfg").read_text().splitlines() if ":" in line]
    upstream = [name for name in listed if not name.startswith("#")]
    ours = re.search(
        r"Directives = \[\]string\{(.*?)\}", (components.modules / "coredns" / "main.go").read_text(), re.S
    )
    assert ours is not None
    names = re.findall(r'"(\w+)"', ours.group(1))
    assert names == [name for name in upstream if name in names]
    known = _said(programs.path("coredns"), "-plugins").split()
    assert [name for name in names if name not in known] == []


def _source(modules: Path, version: str, *, module: str = "k8s.io/kubernetes") -> Path:
    go = toolchains.find((1, 26))
    assert go is not None
    answer = subprocess.run(
        [go.program, "mod", "download", "-json", f"{module}@v{version}"],
        cwd=modules / "pause", capture_output=True, text=True, check=True, env={**os.environ, "GOFLAGS": ""},
    )  # fmt: skip
    return Path(json.loads(answer.stdout)["Dir"])


# --- a mirror of official release files


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    root: Path
    url: str
    asked: list[str] = field(default_factory=list)

    def digests(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.root)): shelves.sha256(path) for path in self.root.rglob("*") if path.is_file()
        }


@pytest.fixture
def mirror(tmp_path: Path, components: supply.Components) -> Iterator[Published]:
    root = tmp_path / "mirror"
    _publish(root, components.modules)
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path.lstrip("/"))

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Published(root=root, url=f"http://127.0.0.1:{server.server_port}", asked=asked)
    server.shutdown()
    thread.join()
    server.server_close()


def _publish(root: Path, modules: Path) -> None:
    """Files with the paths and the insides of upstream's, all of them a small script."""
    script = root.parent / "script"
    script.write_bytes(PROGRAM)
    for recipe in recipes.recipes(modules, ["1.37.2"], with_bench=True):
        release = recipe.fact.release
        for program in recipe.fact.programs if release else ():
            assert release is not None
            names = {"version": recipe.version, "arch": recipes.architecture(), "program": program}
            file = root / release.path.format(**names)
            file.parent.mkdir(parents=True, exist_ok=True)
            if release.inside:
                _add(file, release.inside.format(**names), script)
            else:
                file.write_bytes(PROGRAM)


def _add(file: Path, member: str, script: Path) -> None:
    plain = file.with_name(file.name + ".plain")
    with tarfile.open(plain, "a") as archive:
        archive.add(script, arcname=member)
    file.write_bytes(plain.read_bytes())


@pytest.fixture
def mirrored(tmp_path: Path, mirror: Published) -> supply.Components:
    for plain in mirror.root.rglob("*.plain"):
        plain.unlink()
    return _mirrored(tmp_path, mirror, mirror.digests())


def _mirrored(tmp_path: Path, mirror: Published, digests: Mapping[str, str]) -> supply.Components:
    file = tmp_path / "digests.yaml"
    file.write_text(json.dumps(digests))
    return supply.of(settings.Settings(cache=tmp_path / "cache", mirror=mirror.url, digests=file))


def test_release_files_give_every_program_its_name(mirrored: supply.Components, mirror: Published) -> None:
    assert mirrored.lacks(["1.37.2"]) == []
    official = [item for item in mirrored.plan(["1.37.2"], with_bench=True) if item.way == "mirror"]
    assert {item.name for item in mirrored.plan(["1.37.2"]) if item.way == "compile"} == {"pause", "agnhost"}
    for item in official:
        asyncio.run(mirrored.obtain(item))
    programs = mirrored.programs("1.37.2")
    for item in official:
        for program in item.recipe.fact.programs:
            assert _said(programs.path(str(Path(item.recipe.fact.place, program)))) == "official\n"
    assert sorted(mirror.asked) == sorted(mirror.digests())  # each once


def test_file_with_another_digest_is_not_used(tmp_path: Path, mirrored: supply.Components, mirror: Published) -> None:
    path = next(iter(path for path in mirror.digests() if path.startswith("runc/")))
    (mirror.root / path).write_bytes(b"#!/bin/sh\necho not what upstream made\n")
    item = next(item for item in mirrored.plan(["1.37.2"]) if item.name == "runc")
    with pytest.raises(errors.Unavailable, match="is not the file that was meant"):
        asyncio.run(mirrored.obtain(item))
    assert [path.name for path in (tmp_path / "cache" / "components").iterdir()] == [".lock"]


def test_file_without_digest_is_not_even_fetched(tmp_path: Path, mirror: Published) -> None:
    unsigned = _mirrored(tmp_path, mirror, {})
    assert {item.way for item in unsigned.plan(["1.37.2"])} == {"compile"}
    assert "nobody has given their SHA-256: " in unsigned.unused(["1.37.2"])
    assert mirror.asked == []


def test_mirror_that_does_not_answer_is_named(tmp_path: Path, mirror: Published) -> None:
    gone = Published(root=mirror.root, url="http://127.0.0.1:9")
    components = _mirrored(tmp_path, gone, mirror.digests())
    item = next(item for item in components.plan(["1.37.2"]) if item.name == "runc")
    with pytest.raises(errors.Unavailable, match=r"http://127\.0\.0\.1:9/runc/.* could not be fetched.*STEWARD_MIRROR"):
        asyncio.run(components.obtain(item))


# --- compiling


def test_unreachable_module_proxy_is_explained(components: supply.Components, tmp_path: Path) -> None:
    environment = {
        **os.environ, "GOPROXY": "http://127.0.0.1:9", "GOMODCACHE": str(tmp_path / "modules"), "GONOSUMDB": "*",
        "GOCACHE": str(tmp_path / "objects"),
    }  # fmt: skip
    shelf = shelves.Shelf(root=tmp_path / "shelf")
    build = builds.Build(logs=tmp_path / "logs", shelf=shelf, environment=environment)
    offline = supply.Components(cache=tmp_path, modules=components.modules, ways=(build,))
    item = next(item for item in offline.plan([]) if item.name == "cni")
    (complaint,) = asyncio.run(offline.unreachable([]))
    assert complaint.startswith("The Go modules of etcd 3.")
    with pytest.raises(errors.Unavailable, match=r"(?s)modules of cni .* could not be fetched.*GOPROXY"):
        asyncio.run(offline.obtain(item))


def test_reachable_modules_are_no_complaint(components: supply.Components, tmp_path: Path) -> None:
    build = builds.Build(logs=tmp_path / "logs", shelf=shelves.Shelf(root=tmp_path / "shelf"))
    empty = supply.Components(cache=tmp_path, modules=components.modules, ways=(build,))
    assert asyncio.run(empty.unreachable(["1.37.2"])) == []


def test_pause_is_compiled_from_nothing(components: supply.Components, tmp_path: Path) -> None:
    build = builds.Build(logs=tmp_path / "logs", shelf=shelves.Shelf(root=tmp_path / "components"))
    fresh = supply.Components(cache=tmp_path, modules=components.modules, ways=(build,))
    item = next(item for item in fresh.plan([]) if item.name == "pause")
    heard: list[reports.Report] = []
    folder = asyncio.run(fresh.obtain(item, heard.append))
    assert heard[0].doing == "Fetching Go modules"
    again = supply.of(settings.Settings()).shelf
    key = build.key(item.recipe)
    assert key is not None
    label = shelves.Label(name="pause", version="own", key=key)
    if again.holds(label):  # built twice, on the same machine: the same bytes
        assert shelves.sha256(again.folder(label) / "pause") == shelves.sha256(folder / "pause")


# --- images and the registry


@pytest.fixture(scope="module")
def made(components: supply.Components, programs: farms.Programs) -> list[images.Image]:
    return images.images(components, [programs.kube_version])


@pytest.fixture(scope="module")
def registry_root(tmp_path_factory: pytest.TempPathFactory, programs: farms.Programs, made: list[images.Image]) -> Path:
    root = tmp_path_factory.mktemp("registry")
    assert asyncio.run(registries.fill(programs.path("registry"), root, made)) == len(made)
    return root


def test_all_images_of_a_cluster_are_there(made: list[images.Image], programs: farms.Programs) -> None:
    names = [image.reference.rsplit(":", 1)[0] for image in made]
    assert set(names) == {
        "registry.k8s.io/pause",
        "registry.k8s.io/coredns/coredns",
        "registry.k8s.io/metrics-server/metrics-server",
        "registry.k8s.io/e2e-test-images/agnhost",
        "docker.io/library/busybox",
    }
    assert images.pause_reference(programs.kube_version) in [image.reference for image in made]


def test_every_blob_is_what_its_digest_says(made: list[images.Image]) -> None:
    for image in made:
        layout = asyncio.run(image.layout())
        *layers, config = layouts.blobs(layout)
        for blob in (*layers, config, layouts.manifest(layout)):
            assert blob.path(layout).stat().st_size == blob.size
            assert f"sha256:{shelves.sha256(blob.path(layout))}" == blob.digest
        rootfs = json.loads(config.path(layout).read_bytes())["rootfs"]
        assert rootfs["diff_ids"] == [layer.digest for layer in layers]


def test_registry_gives_back_what_it_got(
    programs: farms.Programs, registry_root: Path, made: list[images.Image]
) -> None:
    async def scenario() -> None:
        async with registries.writer(programs.path("registry"), registry_root) as client:
            for image in made:
                await _compare(client, image)
                assert not await registries.push(image, "http://registry", client=client)

    asyncio.run(scenario())


async def _compare(client: httpx2.AsyncClient, image: images.Image) -> None:
    layout = await image.layout()
    base = f"http://registry/v2/{image.repository}"
    manifest = await client.get(
        f"{base}/manifests/{image.tag}", headers={"Accept": layouts.manifest(layout).media_type}
    )
    assert manifest.headers["docker-content-digest"] == layouts.manifest(layout).digest
    smallest = min(layouts.blobs(layout), key=lambda blob: blob.size)
    content = (await client.get(f"{base}/blobs/{smallest.digest}")).content
    assert f"sha256:{hashlib.sha256(content).hexdigest()}" == smallest.digest


def test_filling_twice_starts_nothing(registry_root: Path, made: list[images.Image]) -> None:
    assert asyncio.run(registries.fill(Path("/nonexistent"), registry_root, made)) == 0


def test_nodes_can_read_and_not_write(
    programs: farms.Programs, registry_root: Path, made: list[images.Image], tmp_path: Path
) -> None:
    socket = tmp_path / "socket"
    (tmp_path / "config.yaml").write_text(registries.registry_config(registry_root, str(socket), read_only=True))
    process = subprocess.Popen(
        [programs.path("registry"), "serve", tmp_path / "config.yaml"],
        env={**os.environ, **registries.registry_environment()}, stderr=subprocess.PIPE,
    )  # fmt: skip

    while not socket.exists():
        time.sleep(0.02)

    async def scenario() -> None:
        async with httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport(uds=str(socket))) as client:
            await _compare(client, made[0])
            refused = await client.post(f"http://registry/v2/{made[0].repository}/blobs/uploads/")
            assert refused.status_code == httpx2.codes.METHOD_NOT_ALLOWED
            deleted = await client.delete(f"http://registry/v2/{made[0].repository}/manifests/{made[0].tag}")
            assert deleted.status_code >= httpx2.codes.BAD_REQUEST

    try:
        asyncio.run(scenario())
    finally:
        process.terminate()
        _, complaints = process.communicate()
    assert b"traces" not in complaints


def test_registry_that_cannot_start_says_why(programs: farms.Programs, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    broken = tmp_path / "registry"
    broken.write_text("#!/bin/sh\necho 'the storage is upside down' >&2\nexit 1\n")
    broken.chmod(0o755)

    async def scenario() -> None:
        async with registries.writer(broken, tmp_path / "root"):
            raise AssertionError("it cannot have started")

    with pytest.raises(errors.Unavailable, match="upside down"):
        asyncio.run(scenario())
    assert programs.has("registry")


@pytest.mark.parametrize("repository", ["library/busybox", "e2e-test-images/agnhost"])
def test_userland_runs_with_nothing_but_its_image(made: list[images.Image], tmp_path: Path, repository: str) -> None:
    image = next(image for image in made if image.repository == repository)
    layout = asyncio.run(image.layout())
    for blob in layouts.blobs(layout)[:-1]:
        with tarfile.open(blob.path(layout)) as archive:
            archive.extractall(tmp_path, filter="fully_trusted")  # made by the code under test
    script = "echo $(id -un) $(ls / | tr '\\n' ' '); nslookup localhost 127.0.0.1 2>&1 | tail -1; test -x /usr/bin/env"
    answer = subprocess.run(["chroot", tmp_path, "/bin/sh", "-ec", script], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("root ")
    if repository.endswith("agnhost"):
        help_text = subprocess.run(
            ["chroot", tmp_path, "/agnhost-2", "--help"], capture_output=True, text=True, check=True
        )
        assert "netexec" in help_text.stdout
