"""Work that comes round by the clock: each job falls under an activity, as every step does.

The engine runs them like any other subject (`job:<name>`), so one lease holder works on each, errors are retried
and a service that ends leaves nothing half-done that the next round does not find.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from steward.reconcile import engine, permits
from steward.reconcile.outcome import Outcome, Wait
from steward.responsibility import operations

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`act` does one round. `every` is in seconds, from the end of one round to the beginning of the next, where the
    round itself does not say.

    `operation` is of the published table, where the row is the customer's: what customers lend by a setting. The round
    then asks for each of them whether it is lent.
    """

    name: str
    activity: str
    every: float
    act: Callable[[], Awaitable[float | None]]
    operation: str = ""

    @property
    def lent(self) -> bool:
        return self.operation in operations.AUTOMATIC and operations.ACTIVITY_OF[self.operation] == self.activity


class JobRunner:
    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = {each.name: each for each in jobs}

    def subjects(self) -> list[str]:
        return [f"job:{name}" for name in self._jobs]

    async def __call__(self, subject: str, lease: engine.Lease) -> Outcome | engine.Gone:
        job = self._jobs.get(subject.partition(":")[2])
        if job is None:
            return engine.Gone()
        if not job.lent and not permits.may_run(job.activity):
            log.error("job refused", job=job.name, activity=job.activity)
            return Wait(message=f"The provider has no part in activity {job.activity}", after=job.every)
        after = await job.act()
        return Wait(message=f"{job.name} was done", after=job.every if after is None else after)
