"""Where the demo keeps things, and how it starts and finds its service."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".steward"
STATE = Path(os.environ.get("STEWARD_STATE", FOLDER / "state"))
ENVIRONMENT = FOLDER / "demo.env"
KUBECONFIG = FOLDER / "demo.kubeconfig"
SERVICE_LOG = FOLDER / "serve.log"
SERVICE = FOLDER / "serve.json"
LISTEN = os.environ.get("STEWARD_LISTEN", "127.0.0.1:8080")
URL = f"http://{LISTEN}"
STEWARD = Path(sys.executable).with_name("steward")


class Trouble(Exception):
    """What went wrong, for the person at the terminal."""


def known() -> dict[str, str]:
    """What an earlier run left in demo.env."""
    with contextlib.suppress(OSError):
        lines = ENVIRONMENT.read_text().splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in lines if "=" in line)
        return {name: "".join(shlex.split(value)) for name, value in pairs}
    return {}


def write(values: Mapping[str, str]) -> None:
    text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())
    write_private(ENVIRONMENT, "# Written by `make demo`; source it: . .steward/demo.env\n" + text)


def write_private(path: Path, text: str) -> None:
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.rename(path)


def answers() -> bool:
    try:
        with urllib.request.urlopen(f"{URL}/native/health", timeout=2) as answer:
            return bool(json.load(answer)["status"] == "ok")
    except (OSError, urllib.error.URLError, ValueError, KeyError):
        return False


def start_service() -> None:
    """In the background, in a session of its own; its log goes to a file."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    before = SERVICE.read_text() if SERVICE.exists() else ""
    environment = {**os.environ, "STEWARD_STATE": str(STATE), "STEWARD_LISTEN": LISTEN}
    with SERVICE_LOG.open("ab") as log:
        process = subprocess.Popen(
            [STEWARD, "serve"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
            cwd=ROOT,
        )
    write_private(SERVICE, json.dumps({"pid": process.pid, "start": _start_time(process.pid)}))
    for _ in range(600):
        if answers():
            return
        if process.poll() is not None:
            if before:  # of the one that runs, perhaps at another address than this shell's settings say
                write_private(SERVICE, before)
            last = SERVICE_LOG.read_text(errors="replace").strip().splitlines()[-3:]
            raise Trouble("The service did not start:\n  " + "\n  ".join(last) + f"\nIts whole log: {SERVICE_LOG}")
        time.sleep(0.1)
    raise Trouble(f"The service does not answer at {URL} after a minute; its log: {SERVICE_LOG}")


def stop_service() -> bool:
    """End the service that the demo started; False where it does not run."""
    try:
        service = json.loads(SERVICE.read_text())
        if _start_time(service["pid"]) != service["start"]:
            return False
        os.kill(service["pid"], signal.SIGTERM)
        while _start_time(service["pid"]) == service["start"]:
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
