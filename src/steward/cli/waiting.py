"""Staying until long work is done: asks once a second, hands what it sees to `display`.

Asking, rather than holding a stream open, survives a restart of the service in the middle of the work,
which changes nothing in any cluster and should not end anybody's wait either.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from steward.cli import display, failures
from steward.cli import session as session_
from steward.client import connection, errors, models, progress

INTERVAL = 1.0  # seconds between two questions
FAILED = ("ERROR", "SUSPENDED")  # endings of status words that nobody leaves without a person
TOO_MANY = 429  # requests: they come through again by themselves
AWAY = "the service to answer again"
NO_CLUSTER = ""  # for work on networks


Check = Callable[[Sequence[models.Progress]], str | None]


class Stuck(Exception):
    """Raised by a check: the work does not go on without a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """`pending` says what is being waited for, None when the work is done; it raises `Stuck` when it cannot be.

    Work that is no cluster's shows no steps. `come_back` is the command that shows the same work later. `from_start` is
    for work that is all there ever was: otherwise flows that had ended before the wait began are somebody else's, and
    not shown.
    """

    link: connection.Connection
    project: str
    cluster: str
    pending: Check
    come_back: str
    timeout: float | None = None
    from_start: bool = False


def until_done(session: session_.Session, work: Work) -> None:
    terminal = session.terminal
    with display.of(terminal) as shown:
        try:
            _watch(terminal.monotonic() + work.timeout if work.timeout is not None else None, shown, work)
        except KeyboardInterrupt:
            raise failures.Interrupted(f"the work goes on. To come back: {work.come_back}") from None


def until_pending(
    session: session_.Session,
    cluster: str,
    pending: Check,
    *,
    timeout: float,
    from_start: bool = False,
    come_back: str = "",
) -> None:
    """Until nothing is pending."""
    work = Work(
        link=session.link(),
        project=session.project,
        cluster=cluster,
        pending=pending,
        come_back=come_back or f"steward progress {cluster} --follow",
        timeout=timeout,
        from_start=from_start,
    )
    until_done(session, work)


def until_gone(
    session: session_.Session,
    cluster: str,
    what: str,
    status: Callable[[], str],
    *,
    timeout: float,
    come_back: str = "",
) -> None:
    """Until asking for the status of `what` is answered that it is not there."""

    def pending(flows: object) -> str | None:
        try:
            now = status()
        except errors.ApiError as error:
            if error.not_found:
                return None
            raise
        return check_status(what, now, target="DELETED")

    until_pending(session, cluster, pending, timeout=timeout, come_back=come_back)


def being_deleted(
    session: session_.Session,
    cluster: str,
    what: str,
    status: Callable[[], str],
    *,
    timeout: float | None,
    come_back: str = "",
) -> None:
    """The last words of a deletion that was asked for; with a timeout they come once it is over."""
    if timeout is not None:
        until_gone(session, cluster, what, status, timeout=timeout, come_back=come_back)
    session.terminal.say(f"{what[0].upper()}{what[1:]} is {'being deleted' if timeout is None else 'deleted'}.")


def _watch(deadline: float | None, shown: display.Display, work: Work) -> None:
    terminal = shown.terminal
    flows: Sequence[models.Progress] = ()
    earlier: frozenset[tuple[str, str]] | None = frozenset() if work.from_start else None
    while True:
        try:
            flows = _flows(work) or flows
            if earlier is None:
                earlier = frozenset(_key(flow) for flow in flows if flow["endedAt"])
            pending = work.pending(flows)
            shown.ahead = work.link.time_delta()
        except Stuck as stuck:
            shown.show(_ours(flows, earlier), None)
            raise failures.Failure(f"{stuck}{_reasons(flows)}") from None
        except errors.ClientError as error:
            if not _passing(error):
                raise
            pending = AWAY
        shown.show(_ours(flows, earlier), pending)
        if pending is None:
            return
        if deadline is not None and terminal.monotonic() >= deadline:
            raise failures.TimedOut(f"Still waiting for {pending}. The work goes on. To come back: {work.come_back}")
        shown.pause(INTERVAL)


def check_status(what: str, status: str, *, target: str = "READY") -> str | None:
    """What is pending about one object, by its status word."""
    if status == target:
        return None
    if status.endswith(FAILED):
        raise Stuck(f"{what} is in status {status}.")
    return f"{what} to be {target} (it is {status})"


def _flows(work: Work) -> Sequence[models.Progress]:
    if work.cluster == NO_CLUSTER:
        return ()
    try:
        return progress.of_cluster(work.link, work.project, work.cluster)
    except errors.ApiError as error:
        # A cluster that is gone has no progress; whether that was the goal is for `pending` to say.
        if error.not_found:
            return ()
        raise


def _passing(error: errors.ClientError) -> bool:
    if isinstance(error, errors.ApiError):
        return error.status >= 500 or error.status == TOO_MANY
    return isinstance(error, errors.Unreachable)


def _key(flow: models.Progress) -> tuple[str, str]:
    return flow["subject"], flow["startedAt"]


def _ours(flows: Sequence[models.Progress], earlier: frozenset[tuple[str, str]] | None) -> Sequence[models.Progress]:
    return [flow for flow in flows if _key(flow) not in (earlier or ())]


def _reasons(flows: Sequence[models.Progress]) -> str:
    blocked = [
        f"\n  {flow['flow']}: {step['name']}: {step['message']}"
        for flow in flows
        for step in flow["steps"]
        if step["state"] == "blocked"
    ]
    return "".join(blocked)
