"""`steward serve`: the API over the running service, until it is asked to end."""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Coroutine
from types import FrameType

import structlog
import uvicorn

from steward.bootstrap import logs, plans, service
from steward.domain import errors
from steward.settings import NotRight, Settings, read

log = structlog.get_logger(__name__)

REFUSED = 1
END_WITHIN = 5  # seconds that open requests have at the end


def serve() -> int:
    """The exit code. What keeps it from serving is said on standard error, with how to mend it."""
    try:
        settings = read()
    except NotRight as reason:
        return _refuse(str(reason))
    logs.set_up(settings.log_level)
    return run(_serve(settings))


def run(serving: Coroutine[None, None, None]) -> int:
    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serving)
    except errors.Refusal as reason:
        return _refuse(reason.message)
    except OSError as reason:
        return _refuse(
            f"{reason.filename or 'The state folder'} cannot be used: {reason.strerror}. Make room, or make it "
            "writable, or set STEWARD_STATE to a folder on another disk"
        )
    except KeyboardInterrupt:
        return 130
    return 0


async def _serve(settings: Settings) -> None:
    service.check(settings)
    _check_port(settings.listen)
    _check_machine(settings)
    async with service.running(settings) as running:
        await answer(settings, running)


async def answer(settings: Settings, running: service.Running) -> None:
    """Serve the API until SIGTERM or SIGINT."""
    from steward.api import app, connections
    from steward.api.config import ApiConfig

    host, _, port = settings.listen.rpartition(":")
    config = ApiConfig(
        base_url=settings.base_url,
        operator_token=running.operator_token,
        network=plans.of(settings),
        trusted_proxies=settings.trusted_proxies,
        replay_window=settings.replay_window,
        loopback_names=not settings.public_url and host in service.LOOPBACK,
        request_rate=settings.request_rate,
        request_burst=settings.request_burst,
        stranger_rate=settings.stranger_rate,
        stranger_burst=settings.stranger_burst,
    )
    server = _Server(
        uvicorn.Config(
            app.create(running.context, config),
            host=host.strip("[]"),
            port=int(port),
            http=connections.Connection,
            access_log=False,
            # Of its own accord uvicorn believes whatever a client on loopback says about its address.
            proxy_headers=False,
            log_config=None,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=END_WITHIN,
            ssl_certfile=str(settings.tls_certificate) if settings.tls_certificate else None,
            ssl_keyfile=str(settings.tls_key) if settings.tls_key else None,
        )
    )
    log.info("serving", url=f"{settings.base_url}/1.0", state=str(settings.state), runtime=settings.runtime)
    # What stands now stays until the end; no collection need ever walk through it.
    gc.freeze()
    gc.enable()
    # uvicorn sends itself the signal again once it has ended: by default that would end us before we let go.
    signal.signal(signal.SIGTERM, lambda *_: None)
    await server.serve()
    log.info("ended", clusters="go on running")


class _Server(uvicorn.Server):
    """Looks at its clock each second, and at whether it is to end when it is told: by default ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 1.0)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)


def _check_port(listen: str) -> None:
    from steward.runtimes.processes import neighbours

    finding = neighbours.port(listen)
    if not finding.good:
        raise errors.Unavailable(f"{finding.check} {finding.message}: {finding.mend}")


def _check_machine(settings: Settings) -> None:
    """Before the first file is written: a machine that cannot run clusters is left as it was found."""
    from steward.runtimes.processes import doctor, places

    if settings.runtime == "processes":
        doctor.check(places.Places(settings.state, settings.instance), plans.of(settings))
        _say_what_is_missing(settings)


def _say_what_is_missing(settings: Settings) -> None:
    """To the person at the terminal: what is compiled takes minutes in which nothing else would be seen."""
    from steward.components import supply

    components = supply.of(settings)
    missing = components.missing(supply.default_version())
    now = sum(each.expected_seconds for each in missing if each.name == "registry")
    later = sum(each.expected_seconds for each in missing if each.name != "registry")
    if now:
        sys.stderr.write(f"steward: the registry's program is being compiled before the first answer, about {now} s\n")
    if later:
        names = ", ".join(each.name for each in missing if each.expected_seconds and each.name != "registry")
        sys.stderr.write(
            f"steward: not here yet: {names}. The first order of a cluster compiles them, in about "
            f"{later // 60 + 1} minutes; `steward components` does so beforehand\n"
        )


def _refuse(message: str) -> int:
    sys.stderr.write(f"steward: {message}\n")
    return REFUSED
