"""Where the demo keeps things, and how it starts and finds its service."""

import contextlib
import ipaddress
import json
import os
import shlex
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from steward.runtimes.processes import claims
from steward.settings import Settings, read

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".steward"
ENVIRONMENT = FOLDER / "demo.env"
KUBECONFIG = FOLDER / "demo.kubeconfig"
SERVICE_LOG = FOLDER / "serve.log"
SERVICE = FOLDER / "serve.json"
STEWARD = Path(sys.executable).with_name("steward")
LONGEST_END = 30.0  # seconds that the service has for ending in good order
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class Trouble(Exception):
    """What went wrong, for the person at the terminal."""


def settings() -> Settings:
    """Of this shell; the state lies in the checkout where the shell does not say otherwise."""
    os.environ.setdefault("STEWARD_STATE", str(FOLDER / "state"))
    given = read()
    own = claims.of_state(given.state)
    if own is None:
        return given
    # What runs keeps its address, and what stands its names, whatever this shell would have now.
    kept = {"STEWARD_INSTANCE": own.claim.instance, "STEWARD_NETWORK": own.claim.network}
    os.environ.update({**kept, "STEWARD_LISTEN": own.claim.listen} if own.runs else kept)
    return read()


def runs(given: Settings) -> bool:
    """Whether a steward serves from this state folder, wherever it listens."""
    own = claims.of_state(given.state)
    return own is not None and own.runs


def keep_off_the_proxy(given: Settings) -> None:
    """The shell's proxy cannot reach what is on this machine; of this process and all that it starts."""
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    host = urllib.parse.urlsplit(given.base_url).hostname or ""
    wanted = ["127.0.0.1", "localhost", "::1", str(given.network)]
    if host and not _is_elsewhere(host):
        wanted.append(host)
    text = ",".join(dict.fromkeys([*filter(None, named.split(",")), *wanted]))
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = text


def _is_elsewhere(host: str) -> bool:
    """A name may lead anywhere; an address of this machine's own is not behind a proxy."""
    with contextlib.suppress(ValueError):
        return not ipaddress.ip_address(host).is_private
    return host != "localhost"


def has_proxy() -> bool:
    return any(os.environ.get(name) or os.environ.get(name.upper()) for name in _PROXIES)


def known(given: Settings) -> dict[str, str]:
    """What an earlier run left in demo.env or, where that is lost, beside the state."""
    for path in (ENVIRONMENT, _keys(given)):
        with contextlib.suppress(OSError, ValueError):
            lines = path.read_text().splitlines()
            pairs = (line.removeprefix("export ").split("=", 1) for line in lines if "=" in line)
            found = {name: "".join(shlex.split(value)) for name, value in pairs}
            if "OVH_CONSUMER_KEY" in found:
                return found
    return {}


def write(given: Settings, values: Mapping[str, str]) -> None:
    shown = dict(values)
    if has_proxy():
        shown["NO_PROXY"] = shown["no_proxy"] = os.environ["no_proxy"]
    if given.tls_certificate is not None:
        shown["REQUESTS_CA_BUNDLE"] = str(given.tls_certificate.absolute())
    text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in shown.items())
    write_private(ENVIRONMENT, "# Written by `make demo`; source it: . .steward/demo.env\n" + text)
    write_private(_keys(given), text)


def _keys(given: Settings) -> Path:
    """A second copy, without which nobody could delete the demo's clusters any more."""
    return given.state / "demo.keys"


def write_private(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.rename(path)


def trust(given: Settings) -> ssl.SSLContext | None:
    """Of the certificate that the service itself shows, too: a demo's is seldom from a public authority."""
    if given.tls_certificate is None:
        return None
    context = ssl.create_default_context()
    context.load_verify_locations(given.tls_certificate)
    return context


def answers(given: Settings) -> bool:
    """Whether the service of this state folder does, and no other one."""
    if not runs(given):
        return False
    try:
        address = f"{given.base_url}/native/health"
        with urllib.request.urlopen(address, timeout=2, context=trust(given)) as answer:
            return bool(json.load(answer)["status"] == "ok")
    except (OSError, urllib.error.URLError, ValueError, KeyError):
        return False


def start_service(given: Settings) -> None:
    """In the background, in a session of its own; its log goes to a file."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    before = SERVICE.read_text() if SERVICE.exists() else ""
    with SERVICE_LOG.open("ab") as log:
        process = subprocess.Popen(
            [STEWARD, "serve"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=service_environment(given),
            start_new_session=True,
            cwd=ROOT,
        )
    write_private(SERVICE, json.dumps({"pid": process.pid, "start": _start_time(process.pid)}))
    for _ in range(600):
        if answers(given):
            return
        if process.poll() is not None:
            if before:  # of the one that runs
                write_private(SERVICE, before)
            last = SERVICE_LOG.read_text(errors="replace").strip().splitlines()[-3:]
            raise Trouble("The service did not start:\n  " + "\n  ".join(last) + f"\nIts whole log: {SERVICE_LOG}")
        time.sleep(0.1)
    raise Trouble(f"The service does not answer at {given.base_url} after a minute; its log: {SERVICE_LOG}")


def service_environment(given: Settings) -> dict[str, str]:
    return {**os.environ, "STEWARD_STATE": str(given.state.absolute()), "STEWARD_LISTEN": given.listen}


def stop_service() -> bool:
    """End the service that the demo started; False where it does not run."""
    try:
        service = json.loads(SERVICE.read_text())
        if _start_time(service["pid"]) != service["start"]:
            return False
        os.kill(service["pid"], signal.SIGTERM)
        deadline = time.monotonic() + LONGEST_END
        while _start_time(service["pid"]) == service["start"]:
            if time.monotonic() > deadline:
                # Nothing is lost: it could have been killed at any time, and its clusters run on.
                os.kill(service["pid"], signal.SIGKILL)
            time.sleep(0.05)
    except (OSError, ValueError, KeyError):
        return False
    finally:
        SERVICE.unlink(missing_ok=True)
    return True


def _start_time(pid: int) -> str | None:
    """With the pid it names one process; None once it ended."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    return None
