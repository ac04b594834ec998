"""Who is compared: steward, the naive script, and kwokctl, each from an order to a served request, and away again.

All three use the same program files, so that memory pages are shared alike.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import ovh

from bench import footprints, naive, probes, service
from bench.probes import Api
from bench.service import Trouble

PATIENCE = 180.0

Sample = dict[str, Any]


class Contender(Protocol):
    """`seconds` of a sample is the same fact for all: an authorised request served, and /readyz good."""

    @property
    def name(self) -> str: ...

    def order(self) -> Sample: ...

    def pids(self) -> Mapping[str, int]:
        """Of the control plane that stands, by component."""
        ...

    def remove(self) -> None: ...


class Steward:
    """`said` is when it calls the cluster READY: its services installed, pods can be made."""

    name = "steward"

    def __init__(self, served: service.Service) -> None:
        self._service = served
        self._client = served.client()
        self._cluster = ""

    def order(self) -> Sample:
        began, moment = time.monotonic(), time.time()
        made = self._client.post(self._service.kube, region=service.REGION, name="bench")
        self._cluster = made["id"]
        api = Api(self._kubeconfig())
        probes.until(api.answers, within=PATIENCE, what="the ordered cluster's answer")
        seconds = time.monotonic() - began
        cpu = footprints.spent(self.pids())
        self._service.wait_ready(self._client, self._cluster)
        ready = time.monotonic() - began
        api.close()
        steps = self._service.steps(self._cluster, moment)
        return {"seconds": seconds, "said": ready, "cpu": cpu, "steps": steps}

    def _kubeconfig(self) -> str:
        """As soon as it is given out."""
        path = f"{self._service.kube}/{self._cluster}/kubeconfig"

        def ask() -> str:
            try:
                return str(self._client.post(path)["content"])
            except ovh.exceptions.ResourceConflictError:
                return ""

        return str(probes.until(ask, within=PATIENCE, every=service.LOOK_EVERY, what="the kubeconfig"))

    def pids(self) -> Mapping[str, int]:
        return footprints.control_plane(self._service.state / "clusters" / self._cluster)

    def remove(self) -> None:
        self._service.delete([self._cluster])


class Naive:
    """Its script looks each second; `said` is when that look succeeded, `seconds` when ours would have."""

    name = "naive"

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._script: subprocess.Popen[str] | None = None

    def order(self) -> Sample:
        began = time.monotonic()
        self._script = subprocess.Popen(
            [sys.executable, naive.__file__, self._programs, self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        probes.answered(self._folder / "admin.kubeconfig", within=PATIENCE).close()
        seconds = time.monotonic() - began
        cpu = footprints.spent(self.pids())
        said = {word: self._next(word) - began for word in ("api", "all")}
        return {"seconds": seconds, "said": said["api"], "everything": said["all"], "cpu": cpu}

    def _next(self, word: str) -> float:
        if self._script is None or self._script.stdout is None or self._script.stdout.readline().strip() != word:
            raise Trouble(f"The naive script did not come to {word!r}; its logs are in {self._folder}")
        return time.monotonic()

    def pids(self) -> Mapping[str, int]:
        return {each.stem: int(each.read_text()) for each in self._folder.glob("*.pid")}

    def remove(self) -> None:
        if self._script is not None:
            self._script.communicate("")
            self._script = None
        shutil.rmtree(self._folder, ignore_errors=True)


class Kwokctl:
    """`said` is when the command and the API were both there, as its user sees it."""

    name = "kwokctl"

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._environment = {**os.environ, "KWOK_WORKDIR": str(folder), "HOME": str(folder)}

    def order(self) -> Sample:
        self._folder.mkdir(parents=True, exist_ok=True)
        own = {"kwok-controller": "kwok"}
        binaries = [
            f"--{part}-binary={self._programs / own.get(part, part)}" for part in (*footprints.CONTROL_PLANE, *own)
        ]
        began = time.monotonic()
        command = subprocess.Popen(
            self._command("create", f"--kubeconfig={self._folder / 'config'}", "--runtime=binary", *binaries),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "create.log").open("wb"),
            env=self._environment,
        )
        probes.answered(self._cluster / "kubeconfig.yaml", within=PATIENCE).close()
        seconds = time.monotonic() - began
        cpu = footprints.spent(self.pids())
        if command.wait() != 0:
            raise Trouble(f"kwokctl failed; see {self._folder / 'create.log'}")
        return {"seconds": seconds, "said": max(seconds, time.monotonic() - began), "cpu": cpu}

    @property
    def _cluster(self) -> Path:
        return self._folder / "clusters" / "bench"

    def _command(self, verb: str, *arguments: str) -> list[str]:
        return [str(self._programs / "kwokctl"), verb, "cluster", "--name=bench", *arguments]

    def pids(self) -> Mapping[str, int]:
        return {each.stem: int(each.read_text()) for each in (self._cluster / "pids").glob("*.pid")}

    def remove(self) -> None:
        if self._cluster.exists():
            subprocess.run(self._command("delete"), env=self._environment, capture_output=True, check=True)
        shutil.rmtree(self._folder, ignore_errors=True)
