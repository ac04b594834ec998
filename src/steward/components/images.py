"""The images that clusters run from the first minute, made of the components.

Called by bootstrap and the runtime, which push them to the registry of the host. Each image keeps its upstream name.
Nothing is made before it is asked for, and nothing is made twice.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from steward.catalogue import components as catalogue
from steward.components import busybox, farms, layouts, shelves, supply
from steward.domain import errors

_AGNHOST_USERS = "user-defined-in-image:x:1000:1000::/home/user-defined-in-image:/bin/sh\n"
_AGNHOST_GROUPS = "user-defined-in-image:x:1000:\ngroup-defined-in-image:x:50000:user-defined-in-image\n"
_DOCKER_HUB = "docker.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    reference: str  # as in registry.k8s.io/pause:3.10.2
    layers: tuple[tuple[layouts.Entry, ...], ...]
    config: layouts.Config
    digest: str  # over all that it is made from
    shelf: shelves.Shelf

    @property
    def repository(self) -> str:
        """Its name in a mirror of its registry, as in `coredns/coredns`."""
        return self.reference.split("/", 1)[1].rsplit(":", 1)[0]

    @property
    def tag(self) -> str:
        return self.reference.rsplit(":", 1)[1]

    async def layout(self) -> Path:
        """The folder with its blobs; made when it is not there yet."""
        name = self.repository.replace("/", "_")
        label = shelves.Label(name=name, version=self.tag, key=self.digest)
        if self.shelf.holds(label):
            return self.shelf.folder(label)
        return await self.shelf.make(label, self._fill)

    async def _fill(self, folder: Path) -> Mapping[str, str]:
        manifest = await asyncio.to_thread(layouts.write, folder, self.layers, self.config)
        return {"reference": self.reference, "manifest": manifest.digest}


def pause_reference(kube_version: str) -> str:
    """The sandbox image of a node."""
    return f"registry.k8s.io/pause:{_tags(kube_version).pause}"


def agnhost_reference(kube_version: str) -> str:
    return f"registry.k8s.io/e2e-test-images/agnhost:{_tags(kube_version).agnhost}"


def coredns_reference(programs: farms.Programs) -> str:
    return f"registry.k8s.io/coredns/coredns:v{programs.version('coredns')}"


def metrics_server_reference(programs: farms.Programs) -> str:
    return f"registry.k8s.io/metrics-server/metrics-server:v{programs.version('metrics-server')}"


def busybox_references(version: str) -> list[str]:
    series = version.rsplit(".", 1)[0]
    return [f"{_DOCKER_HUB}/library/busybox:{tag}" for tag in (version, series, "latest")]


def _tags(kube_version: str) -> catalogue.ImageTags:
    try:
        return catalogue.image_tags()[kube_version]
    except KeyError:
        raise errors.Unavailable(
            f"The catalogue (components.yaml, image_tags) does not say which images Kubernetes {kube_version} names"
        ) from None


def images(components: supply.Components, kube_versions: Sequence[str]) -> list[Image]:
    """All that can be made from what is here, each reference once; those of missing components are left out."""
    shelf = shelves.Shelf(root=components.cache / "images")
    found: dict[str, Image] = {}
    for version in kube_versions:
        for image in _of_version(shelf, components.programs(version)):
            found.setdefault(image.reference, image)
    return list(found.values())


def _of_version(shelf: shelves.Shelf, programs: farms.Programs) -> list[Image]:
    made = []
    if programs.has("pause"):
        reference = pause_reference(programs.kube_version)
        made.append(_single(shelf, programs, reference, layouts.Config(entrypoint=("/pause",), user="65535:65535")))
    if programs.has("coredns"):
        # Upstream's runs as nobody with a file capability; here the manifest names user and capability.
        config = layouts.Config(entrypoint=("/coredns",), ports=(53,))
        made.append(_single(shelf, programs, coredns_reference(programs), config))
    if programs.has("metrics-server"):
        config = layouts.Config(entrypoint=("/metrics-server",), user="65534")
        made.append(_single(shelf, programs, metrics_server_reference(programs), config))
    userland = busybox.userland()
    if programs.has("agnhost"):
        made.append(_agnhost(shelf, programs, userland))
    return [*made, *_busybox(shelf, userland)]


def _single(shelf: shelves.Shelf, programs: farms.Programs, reference: str, config: layouts.Config) -> Image:
    """An image that is one static program, named as its entrypoint."""
    path = config.entrypoint[0]
    program = path.removeprefix("/")
    layer = (layouts.Entry(path=path, source=programs.path(program)),)
    return _image(shelf, reference, (layer,), config, [programs.sha256(program)])


def _agnhost(shelf: shelves.Shelf, programs: farms.Programs, userland: busybox.Userland) -> Image:
    own = (
        layouts.Entry(path="/agnhost", source=programs.path("agnhost")),
        layouts.Entry(path="/agnhost-2", target="agnhost"),
        layouts.Entry(path="/uploads"),
    )
    config = layouts.Config(entrypoint=("/agnhost",), command=("pause",), ports=(80, 8080, 8081, 9376, 5000))
    layers = (tuple(userland.entries(users=_AGNHOST_USERS, groups=_AGNHOST_GROUPS)), own)
    made_from = [programs.sha256("agnhost"), *userland.digests()]
    return _image(shelf, agnhost_reference(programs.kube_version), layers, config, made_from)


def _busybox(shelf: shelves.Shelf, userland: busybox.Userland) -> list[Image]:
    layers = (tuple(userland.entries()),)
    config = layouts.Config(command=("sh",), labels={"org.opencontainers.image.version": userland.version})
    made_from = userland.digests()
    return [_image(shelf, each, layers, config, made_from) for each in busybox_references(userland.version)]


def _image(
    shelf: shelves.Shelf,
    reference: str,
    layers: tuple[tuple[layouts.Entry, ...], ...],
    config: layouts.Config,
    made_from: Sequence[str],
) -> Image:
    """Its key covers the digests of the files, their places, and how the image is to be started."""
    names = [[(entry.path, entry.mode, entry.target, str(entry.content)) for entry in layer] for layer in layers]
    key = json.dumps([reference, sorted(made_from), names, asdict(config)], sort_keys=True)
    digest = hashlib.sha256(key.encode()).hexdigest()
    return Image(reference=reference, layers=layers, config=config, digest=digest, shelf=shelf)
