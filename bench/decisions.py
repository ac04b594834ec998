"""What a decision costs. Needs neither root nor components.

Each kind of question is asked many times in a row, in several rounds; the median of the rounds' means is kept, with
the slowest round beside it.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from steward.domain import actors, clusters, delegations, errors, projects
from steward.responsibility import deciding, matrix

ROUNDS, TIMES = 31, 2000
MANY = delegations.MOST_AT_ONCE

_NOW = datetime(2030, 1, 1, tzinfo=UTC)
_CLUSTER = clusters.ClusterId("11111111-2222-4333-8444-555555555555")
_CUSTOMER = actors.customer(projects.AccountId("ab1-local"))


def _lent(number: int, activity: str) -> delegations.Delegation:
    return delegations.Delegation(
        id=f"lent-{number}",
        project_id=projects.ProjectId("0" * 32),
        activity=activity,
        to_party=errors.PROVIDER,
        reason="a bench",
        granted_by="ab1-local",
        granted_at=_NOW,
        expires_at=_NOW + timedelta(days=1),
    )


def questions() -> dict[str, deciding.Question]:
    own = deciding.Question(actor=_CUSTOMER, operation="cluster.delete", now=_NOW, cluster_id=_CLUSTER)
    others = [_lent(number, "2.1-2") for number in range(MANY - 1)]
    theirs = replace(own, actor=actors.OPERATOR, operation="nodepool.edit")
    return {
        "granted by a letter": own,
        "refused": replace(own, actor=actors.OPERATOR),
        f"granted by the last of {MANY} delegations": replace(theirs, lent=[*others, _lent(MANY, "3.1.3-3")]),
        f"refused after {MANY - 1} delegations": replace(theirs, lent=others),
        "automation under its row": replace(
            own, actor=actors.automation("3.1.6-6", "patches"), operation="cluster.patch_automatically", lent=others
        ),
    }


def measured(rounds: int = ROUNDS, times: int = TIMES) -> dict[str, dict[str, float]]:
    """Microseconds per decision, by kind of question."""
    contract = matrix.load()

    def asked(question: deciding.Question) -> Callable[[], None]:
        def ask() -> None:
            for _ in range(times):
                deciding.decide(contract, question)

        return ask

    return {name: _summed(_timed(asked(question), rounds, times)) for name, question in questions().items()}


def _timed(act: Callable[[], None], rounds: int, times: int) -> list[float]:
    act()
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        found.append((time.perf_counter() - began) / times * 1e6)
    return found


def _summed(samples: Sequence[float]) -> dict[str, float]:
    return {
        "median_us": round(statistics.median(samples), 2),
        "slowest_round_us": round(max(samples), 2),
        "rounds": len(samples),
    }
