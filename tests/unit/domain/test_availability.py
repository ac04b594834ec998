"""How probes become seconds: every second is counted once, as what it was, and as unknown where nobody looked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies

from steward.domain import availability, clusters, errors, incidents

START = datetime(2030, 1, 1, tzinfo=UTC)
CLUSTER = clusters.ClusterId("11111111-2222-4333-8444-555555555555")


def counted(probes: Sequence[tuple[float, bool]], *, start: datetime = START) -> availability.Watch:
    """Each with the seconds since the one before, and whether it was good."""
    at, watch = start, None
    for gap, good in probes:
        at += timedelta(seconds=gap)
        sighting = availability.Sighting(at=at, failure="" if good else "refused", answered_ms=4.0)
        watch = availability.seen(watch or availability.begun(CLUSTER, start, sighting), sighting)
    assert watch is not None
    return watch


def figures(watch: availability.Watch, outages: Sequence[incidents.Outage] = ()) -> availability.Figures:
    assert watch.last is not None
    return availability.figures(watch.month, clusters.Plan.STANDARD, outages, watch.last.at)


def outage(began: float, ended: float, party: str, **changes: object) -> incidents.Outage:
    return incidents.Outage(
        id="o",
        project_id="p",  # type: ignore[arg-type]  # only carried along
        cluster_id=CLUSTER,
        began_at=START + timedelta(seconds=began),
        ended_at=START + timedelta(seconds=ended),
        proposed_activity="3.1.1-1",
        proposed_party=party,
        grounds="",
        **changes,  # type: ignore[arg-type]
    )


def test_time_beside_a_failed_probe_is_bad_on_both_sides() -> None:
    found = figures(counted([(0, True), (30, True), (30, False), (30, True), (30, True)]))
    assert (found.good, found.provider_bad, found.unknown) == (60, 60, 0)


def test_a_gap_is_unknown_even_between_two_good_probes() -> None:
    found = figures(counted([(0, True), (30, True), (availability.LONGEST_GAP + 1, True)]))
    assert (found.good, found.provider_bad) == (30, 0)
    assert found.unknown == availability.LONGEST_GAP + 1


GAPS = strategies.one_of(
    strategies.sampled_from([29.0, 30.0, 31.0, 75.0, 76.0, 3600.0, 86_400.0, 40 * 86_400.0]),
    strategies.floats(0.001, 10_000),
)


@given(probes=strategies.lists(strategies.tuples(GAPS, strategies.booleans()), min_size=1, max_size=60))
def test_every_second_is_counted_once(probes: list[tuple[float, bool]]) -> None:
    watch = counted(probes)
    assert watch.last is not None
    periods = [*watch.finished, watch.hour, watch.month]
    months = [each for each in periods if not each.hourly]
    hours = [each for each in periods if each.hourly]
    bad = good = 0.0
    before = probes[0]
    for gap, fine in probes[1:]:
        if gap <= availability.LONGEST_GAP - 0.001:
            good, bad = (good + gap, bad) if fine and before[1] else (good, bad + gap)
        before = (gap, fine)
    close = [gap for gap, _ in probes[1:] if abs(gap - availability.LONGEST_GAP) <= 0.001]
    for kind in (months, hours):
        assert sum(each.good + each.bad for each in kind) == pytest.approx(good + bad + sum(close), abs=0.01)
        assert len({each.id for each in kind}) == len(kind)
    for each in months:
        assert each.good + each.bad <= (availability.month_ends(each.since) - each.since).total_seconds() + 0.01
    for each in hours:
        assert each.good + each.bad <= 3600.01


@given(
    jumps=strategies.lists(
        strategies.tuples(strategies.sampled_from([30.0, 30.0, 30.0, -600.0, -30.0, -86_400.0]), strategies.booleans()),
        min_size=2,
        max_size=60,
    )
)
def test_a_clock_that_is_set_back_counts_nothing_twice(jumps: list[tuple[float, bool]]) -> None:
    start = datetime(2030, 1, 20, tzinfo=UTC)
    watch = counted(jumps, start=start)
    moments, at = [], start
    for gap, _ in jumps:
        at += timedelta(seconds=gap)
        moments.append(at)
    passed = (max(moments) - moments[0]).total_seconds()
    assert watch.month.good + watch.month.bad <= max(0.0, passed) + 0.01
    assert watch.failed_in_row == 0 or not jumps[-1][1], "what fails is still noticed"


def test_what_is_put_to_the_customers_account_is_left_out() -> None:
    watch = counted([(0, True), *[(30.0, each != 5) for each in range(20)]])
    assert figures(watch).provider_bad == 60
    theirs = figures(watch, [outage(120, 200, errors.CUSTOMER)])
    assert (theirs.provider_bad, theirs.customer_bad) == (0, 60), "never more than what was bad"
    assert theirs.availability == 1.0
    disputed = outage(120, 200, errors.CUSTOMER, disputed_by=errors.CUSTOMER)
    assert figures(watch, [disputed]).provider_bad == 60, "undecided counts against the provider"
    settled = outage(120, 200, errors.PROVIDER, settled_party=errors.CUSTOMER)
    assert figures(watch, [settled]).provider_bad == 0


def test_the_budget_is_that_of_the_whole_month() -> None:
    found = figures(counted([(0, True), (30, True)]))
    assert found.budget == pytest.approx(0.001 * 31 * 86_400)
    assert not found.missed
    bad = counted([(0, False), *[(30.0, False)] * 100])
    assert figures(bad).missed, "3000 s of 2678 s"


def test_before_the_first_probe_nothing_is_said_to_be_good() -> None:
    late = counted([(1000, True), (30, True)])
    assert figures(late).unknown == 1000
    soon = counted([(20, True), (30, True)])
    assert figures(soon).unknown == 0


def test_a_month_that_nobody_watched_is_all_unknown() -> None:
    watch = counted([(0, True), (30, True)])
    now = datetime(2030, 3, 15, tzinfo=UTC)
    empty = availability.unseen(watch, "2030-02", now)
    assert empty is not None
    assert availability.figures(empty, clusters.Plan.FREE, (), now).unknown == 28 * 86_400
    assert availability.unseen(watch, "2029-12", now) is None
    assert availability.unseen(watch, "2030-04", now) is None


def test_quantiles_are_upper_bounds() -> None:
    counts = [0] * (len(availability.EDGES) + 1)
    counts[3], counts[10] = 98, 2
    assert availability.quantile(counts, 0.5) == availability.EDGES[3]
    assert availability.quantile(counts, 0.99) == availability.EDGES[10]
    assert availability.quantile([], 0.5) is None
    counts[-1] = 1000
    assert availability.quantile(counts, 0.99) is None, "slower than anything that is told apart"
