"""How long work looks on standard error: drawn over in a terminal, one line per finished step elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from steward.cli import output
from steward.cli import terminal as terminal_
from steward.client import models
from steward.kit import times

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.text import Text

FRAME = 0.2  # seconds between two drawings; only the spinner and the clocks move
BAR = 24  # characters
PLAIN = {"done": "done", "running": "...", "blocked": "STOP", "waiting": ""}
ICONS = {"done": "✓", "running": "▸", "blocked": "✗", "waiting": "·"}
COLOURS = {"done": "green", "running": "cyan", "blocked": "red", "waiting": "dim"}
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Display(Protocol):
    """`ahead` is how many seconds the service's clock is before ours."""

    terminal: terminal_.Terminal
    ahead: int

    def show(self, flows: Sequence[models.Progress], pending: str | None) -> None: ...

    def pause(self, seconds: float) -> None: ...


@contextmanager
def of(terminal: terminal_.Terminal) -> Iterator[Display]:
    if not terminal.animated:
        yield Lines(terminal)
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(file=terminal.err, force_terminal=True, no_color=bool(terminal.environ.get("NO_COLOR")))
    # Drawn by `pause`, not by a thread: what is on the screen then never differs from what is known.
    with Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        yield Drawing(terminal, console, live)


class Lines:
    def __init__(self, terminal: terminal_.Terminal) -> None:
        self.terminal = terminal
        self.ahead = 0
        self._told: set[tuple[str, ...]] = set()

    def show(self, flows: Sequence[models.Progress], pending: str | None) -> None:
        for flow in flows:
            for step in flow["steps"]:
                self._tell(flow, step)

    def pause(self, seconds: float) -> None:
        self.terminal.sleep(seconds)

    def _tell(self, flow: models.Progress, step: models.Step) -> None:
        if step["state"] not in ("done", "blocked"):
            return
        # A blocked step is told again when its reason changes.
        reason = step["message"] if step["state"] == "blocked" else ""
        key = (flow["subject"], flow["startedAt"], step["name"], step["state"], reason)
        if key in self._told:
            return
        self._told.add(key)
        ending = f": {output.text(reason)}" if reason else f" ({span(elapsed(step, self._now()))})"
        self.terminal.say(f"{mark(self.terminal, step['state'])} {title(flow)}: {output.text(step['name'])}{ending}")

    def _now(self) -> float:
        return self.terminal.wall() + self.ahead


class Drawing:
    def __init__(self, terminal: terminal_.Terminal, console: "Console", live: "Live") -> None:
        self.terminal = terminal
        self.ahead = 0
        self._console = console
        self._live = live
        self._began = terminal.monotonic()
        self._flows: Sequence[models.Progress] = ()
        self._pending: str | None = None

    def show(self, flows: Sequence[models.Progress], pending: str | None) -> None:
        self._flows, self._pending = flows, pending
        self._draw()

    def pause(self, seconds: float) -> None:
        end = self.terminal.monotonic() + seconds
        while self.terminal.monotonic() < end:
            self.terminal.sleep(FRAME)
            self._draw()

    def _draw(self) -> None:
        passed = self.terminal.monotonic() - self._began
        picture = rendered(
            self.terminal,
            self._flows,
            self._pending,
            now=self.terminal.wall() + self.ahead,
            passed=passed,
            height=self._console.size.height - 1,
        )
        self._live.update(picture, refresh=True)


def rendered(
    terminal: terminal_.Terminal,
    flows: Sequence[models.Progress],
    pending: str | None,
    *,
    now: float,
    passed: float,
    height: int,
) -> "RenderableType":
    """Each flow with its bar and steps; only what runs or is stuck where all of it would not fit."""
    from rich.text import Text

    full = sum(1 + (0 if flow["endedAt"] else len(flow["steps"])) for flow in flows) + 1 <= height
    picture = Text(no_wrap=True, overflow="ellipsis")
    for flow in flows if full else [flow for flow in flows if not flow["endedAt"]]:
        picture.append(f"{_bar(terminal, flow['fraction'])} {title(flow)}", style="bold")
        end = times.parsed(flow["endedAt"]).timestamp() if flow["endedAt"] else now
        picture.append(f"  {span(end - times.parsed(flow['startedAt']).timestamp())}\n", style="dim")
        for step in flow["steps"]:
            if step["state"] == "blocked" or (not flow["endedAt"] and (full or step["state"] == "running")):
                _append_step(terminal, picture, step, now)
    if pending is None:
        picture.append(f"Done in {span(passed)}", style="green")
    else:
        picture.append(f"{_spin(terminal, passed)} Waiting for {pending}  {span(passed)}")
    return picture


def mark(terminal: terminal_.Terminal, state: str) -> str:
    icon = ICONS.get(state, "?")
    return icon if terminal.draws(icon) else PLAIN.get(state, "?")


def title(flow: models.Progress) -> str:
    kind, _, identifier = flow["subject"].partition(":")
    return output.text(flow["flow"] if kind == "cluster" else f"{flow['flow']} ({kind} {identifier[:8]})")


def elapsed(step: models.Step, now: float) -> float:
    if not step["startedAt"]:
        return 0.0
    end = times.parsed(step["endedAt"]).timestamp() if step["endedAt"] else now
    return end - times.parsed(step["startedAt"]).timestamp()


def span(seconds: float) -> str:
    """`7s`, `1m 05s`, `1h 02m`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02}m"


def _append_step(terminal: terminal_.Terminal, picture: "Text", step: models.Step, now: float) -> None:
    state = step["state"]
    picture.append(f"  {mark(terminal, state)} ", style=COLOURS.get(state, ""))
    picture.append(output.text(step["name"]), style="dim" if state == "waiting" else "")
    if step["startedAt"]:
        picture.append(f"  {span(elapsed(step, now))}", style="dim")
    if step["message"] and state in ("running", "blocked"):
        picture.append(f"  {output.text(step['message'])}", style=COLOURS[state])
    picture.append("\n")


def _bar(terminal: terminal_.Terminal, fraction: float) -> str:
    filled = round(BAR * min(1.0, max(0.0, fraction)))
    full, empty = ("█", "░") if terminal.draws("█░") else ("#", ".")
    return f"{full * filled}{empty * (BAR - filled)} {fraction:4.0%}"


def _spin(terminal: terminal_.Terminal, passed: float) -> str:
    frames = SPINNER if terminal.draws(SPINNER) else "|/-\\"
    return frames[int(passed / FRAME) % len(frames)]
