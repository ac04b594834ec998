"""Sees to it that the programs and images of a Kubernetes version are on this host: `ports/artifacts.py`.

What is missing is obtained in the background, one version at a time, while the order that needs it waits
and says so.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from steward.components import farms, reports, supply
from steward.domain import errors, pauses, versions
from steward.ports.artifacts import Missing

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 30.0, 3600.0  # seconds before what can come later is tried again


class ComponentArtifacts:
    """`fill` brings the images of a version into the registry."""

    def __init__(
        self,
        components: supply.Components,
        fill: Callable[[str], Awaitable[None]],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._components = components
        self._fill = fill
        self._sleep = sleep
        self._ready: dict[versions.Version, farms.Programs] = {}
        self._failed: dict[versions.Version, str] = {}
        self._tasks: dict[versions.Version, asyncio.Task[None]] = {}
        self._said: dict[versions.Version, str] = {}
        self._one_at_a_time = asyncio.Lock()
        self._filling = asyncio.Lock()
        self._later: set[asyncio.Task[None]] = set()

    async def obtain(self, version: versions.Version) -> Missing | None:
        if version in self._ready:
            return None
        if version not in self._tasks:
            failed = self._failed.pop(version, None)
            self._tasks[version] = asyncio.get_running_loop().create_task(self._get(version))
            if failed is not None:
                return Missing(message=f"Kubernetes {version} could not be obtained", reason=failed)
            # What is here already takes no longer than a look.
            await asyncio.wait([self._tasks[version]], timeout=2.0)
        if version in self._ready:
            return None
        said = self._said.get(version, "waiting for another version")
        return Missing(message=f"Kubernetes {version} is being obtained: {said}", reason=self._failed.get(version, ""))

    def find(self, version: versions.Version, program: str) -> Path:
        """A program's file: `kubelet`, `etcd`, `cni/ptp` …"""
        return self.programs(version).path(program)

    def programs(self, version: versions.Version) -> farms.Programs:
        if version not in self._ready:
            # Adopted clusters ask before anybody obtained; what is here is looked up once.
            return self._components.programs(str(version))
        return self._ready[version]

    def close(self) -> None:
        for task in (*self._tasks.values(), *self._later):
            task.cancel()

    async def _get(self, version: versions.Version) -> None:
        def listen(report: reports.Report) -> None:
            share = "" if report.fraction is None else f" ({report.fraction:.0%})"
            self._said[version] = f"{report.doing}{share}"

        try:
            missing = await asyncio.to_thread(self._components.missing, str(version))
            needed = [item for item in missing if item.name not in supply.LATER]
            if needed:
                # Only then: a version that is here must not wait for one that is being compiled.
                async with self._one_at_a_time:
                    for item in needed:
                        await self._components.obtain(item, listen)
            programs = await asyncio.to_thread(self._components.programs, str(version))
            async with self._filling:
                await self._fill(str(version))
            self._ready[version] = programs
            if any(item.name in supply.LATER for item in missing):
                self._go_on(version)
        except errors.Refusal as reason:
            self._failed[version] = reason.message
        except Exception as surprise:
            log.exception("components not obtained", version=str(version))
            self._failed[version] = f"{type(surprise).__name__}; the service's log says more"
        finally:
            self._tasks.pop(version, None)

    def _go_on(self, version: versions.Version) -> None:
        """In the background; the pods that need it are tried again by their kubelets until it is there."""
        task = asyncio.get_running_loop().create_task(self._rest(version))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _rest(self, version: versions.Version) -> None:
        for times in itertools.count(1):
            pause = pauses.doubled(FIRST_PAUSE, LONGEST_PAUSE, times)
            try:
                async with self._one_at_a_time:
                    for item in await asyncio.to_thread(self._components.missing, str(version)):
                        await self._components.obtain(item)
                async with self._filling:
                    await self._fill(str(version))
            except errors.Refusal as reason:
                log.warning("components not obtained", version=str(version), reason=reason.message, again_in=pause)
            except Exception:
                log.exception("components not obtained", version=str(version), again_in=pause)
            else:
                return
            await self._sleep(pause)
