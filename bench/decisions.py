"""What a decision costs: `python -m bench.decisions`. Needs neither root nor components.

Each kind of question is asked many times in a row, in several rounds; the median of the rounds' means is kept, with
the slowest round beside it. The result lies in bench/results, as those of the other measures do.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import results
from steward.domain import actors, clusters, delegations, errors, projects
from steward.responsibility import deciding, matrix

LIMIT = 50.0  # microseconds
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


def main() -> int:
    began, (commit, changed) = results.now(), results.commit()
    found = measured()
    targets = [
        results.Target(name=f"decide(), {name}", value=each["median_us"], limit=LIMIT, unit="us")
        for name, each in found.items()
    ]
    document: dict[str, Any] = {
        "began": began,
        "ended": results.now(),
        "commit": commit,
        "differs_from_commit": changed,
        "machine": results.machine(Path.cwd()),
        "settings": {"rounds": ROUNDS, "times": TIMES},
        "measures": {"decide": found},
        "medians": {name: each["median_us"] for name, each in found.items()},
        "targets": [each.as_data() for each in targets],
    }
    path = results.keep(document, "-decide")
    console = Console()
    for target in targets:
        word = "reached" if target.reached else "missed"
        console.print(f"{target.name:<56} {target.value:>7.2f} us of {target.limit:g}  {word}")
    console.print(f"\nkept in {path.relative_to(results.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
