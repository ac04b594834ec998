"""The registry of a host: how it is configured, and how images get into it.

Called by the runtime. Nodes meet it read-only: a registry without passwords that a pod could write to would let one
customer replace the images of another. Images enter by a second, short-lived process over the same folder,
which listens on a socket that only root can open.
"""

import asyncio
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import structlog
import yaml

from steward.components import images, layouts
from steward.domain import errors

_log = structlog.get_logger(__name__)
_CHUNK = 1 << 20
_START_SECONDS = 20.0
_SILENT_SECONDS = 120.0
_FILLED = "steward-images.json"
_BASE = Path("/run") if os.access("/run", os.W_OK) else Path(tempfile.gettempdir())
_CORNER = "steward-registry-"


def registry_config(root: Path, listen: str, *, read_only: bool = False) -> str:
    """YAML for distribution 3: `listen` is `address:port`, or the absolute path of a socket."""
    address = {"net": "unix", "addr": listen} if listen.startswith("/") else {"addr": listen}
    document = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(root)},
            "delete": {"enabled": False},
            "maintenance": {"readonly": {"enabled": read_only}},
        },
        "http": address,
    }
    return yaml.safe_dump(document, sort_keys=False)


def registry_environment() -> dict[str, str]:
    """It sends traces to a collector unless told not to, and complains when it has to make up its secret."""
    return {"OTEL_TRACES_EXPORTER": "none", "REGISTRY_HTTP_SECRET": secrets.token_hex(32)}


async def fill(registry: Path, root: Path, wanted: Sequence[images.Image]) -> int:
    """Brings images into the folder of a registry, whether or not one serves it; returns how many were new."""
    known = _filled(root)
    lacking = [image for image in wanted if known.get(image.reference) != image.digest]
    if not lacking:
        return 0
    async with writer(registry, root) as client:
        for image in lacking:
            await push(image, "http://registry", client=client)
            known[image.reference] = image.digest
    _keep(root, known)
    return len(lacking)


def _filled(root: Path) -> dict[str, str]:
    with suppress(OSError, ValueError):
        return {str(name): str(digest) for name, digest in json.loads((root / _FILLED).read_text()).items()}
    return {}


def _keep(root: Path, known: Mapping[str, str]) -> None:
    fresh = root / f".{_FILLED}"
    with fresh.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(known, indent=2) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(root / _FILLED)


@asynccontextmanager
async def writer(registry: Path, root: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A registry over the folder that takes pushes, for as long as the block lasts."""
    root.mkdir(parents=True, exist_ok=True)
    with _corner() as folder:
        socket, config = folder / "socket", folder / "config.yaml"
        config.write_text(registry_config(root, str(socket)), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            # However this process ends, the writer ends with it: nobody would find it again.
            "setpriv", "--pdeathsig", "KILL", registry, "serve", config,
            env={**os.environ, **registry_environment()},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        complaints = asyncio.create_task(_kept(process))
        transport = httpx2.AsyncHTTPTransport(uds=str(socket))
        try:
            async with httpx2.AsyncClient(transport=transport, timeout=_SILENT_SECONDS) as client:
                await _until_answering(client, process, complaints)
                yield client
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            await complaints


@contextmanager
def _corner() -> Iterator[Path]:
    """A folder of its own for the socket, whose path must be short; those of killed processes go first."""
    for left in _BASE.glob(f"{_CORNER}*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_CORNER}{os.getpid()}-", dir=_BASE) as folder:
        yield Path(folder)


async def _kept(process: asyncio.subprocess.Process) -> str:
    """The last that it said; read all the time, so that it never blocks on a full pipe."""
    last = b""
    assert process.stderr is not None
    while chunk := await process.stderr.read(4096):
        last = (last + chunk)[-4096:]
    return last.decode(errors="replace").strip()


async def _until_answering(
    client: httpx2.AsyncClient, process: asyncio.subprocess.Process, complaints: asyncio.Task[str]
) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_START_SECONDS):
            while process.returncode is None:
                with suppress(httpx2.TransportError):
                    await client.get("http://registry/v2/")
                    return
                await asyncio.sleep(0.02)
    if process.returncode is None:
        process.kill()
    raise errors.Unavailable(f"The registry of this host does not start: {await complaints or 'it said nothing'}")


async def push(image: images.Image, registry_url: str, *, client: httpx2.AsyncClient | None = None) -> bool:
    """Whether anything had to be sent. What the registry has already is not sent again."""
    if client is not None:
        return await _push(image, registry_url.rstrip("/"), client)
    async with httpx2.AsyncClient(timeout=_SILENT_SECONDS) as own:
        return await _push(image, registry_url.rstrip("/"), own)


async def _push(image: images.Image, url: str, client: httpx2.AsyncClient) -> bool:
    layout = await image.layout()
    manifest = layouts.manifest(layout)
    base = f"{url}/v2/{image.repository}"
    tagged = f"{base}/manifests/{image.tag}"
    try:
        there = await client.head(tagged, headers={"Accept": manifest.media_type})
        if there.status_code == httpx2.codes.OK and there.headers.get("docker-content-digest") == manifest.digest:
            return False
        for blob in layouts.blobs(layout):
            await _push_blob(client, base, blob, layout)
        answer = await client.put(
            tagged, content=manifest.path(layout).read_bytes(), headers={"Content-Type": manifest.media_type}
        )
        answer.raise_for_status()
    except httpx2.HTTPError as error:
        raise errors.Unavailable(
            f"The registry {url} did not take {image.reference}: {error or type(error).__name__}"
        ) from error
    _log.info("image_pushed", reference=image.reference, digest=manifest.digest)
    return True


async def _push_blob(client: httpx2.AsyncClient, base: str, blob: layouts.Blob, layout: Path) -> None:
    there = await client.head(f"{base}/blobs/{blob.digest}")
    if there.status_code == httpx2.codes.OK:
        return
    begun = await client.post(f"{base}/blobs/uploads/")
    begun.raise_for_status()
    place = httpx2.URL(urljoin(base, begun.headers["location"])).copy_merge_params({"digest": blob.digest})
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)}
    answer = await client.put(place, content=_pieces(blob.path(layout)), headers=headers)
    answer.raise_for_status()


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    # A layer may be as large as a component: it is never held in memory as a whole.
    with path.open("rb") as stream:
        while piece := await asyncio.to_thread(stream.read, _CHUNK):
            yield piece
