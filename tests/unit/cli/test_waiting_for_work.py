"""`--wait`, `progress` and `events`, on a clock that only sleeping moves."""

import json

import pytest

from steward.cli import display
from tests.unit.cli import fakes
from tests.unit.cli.fakes import CLUSTER, KUBE, NATIVE, Desk

ONE = f"{KUBE}/{CLUSTER}"
ORDER = ("cluster", "create", "--region", "LOCAL1", "--wait")


@pytest.fixture
def ordering(desk: Desk) -> Desk:
    """A cluster that is being installed, and will never be ready by itself."""
    desk.service.says("POST", KUBE, fakes.cluster(status="INSTALLING"))
    desk.service.says("GET", ONE, fakes.cluster(status="INSTALLING"))
    desk.service.says("GET", f"{ONE}/nodepool", [])
    etcd = fakes.step("Start etcd", "done", ended=2)
    desk.service.says("GET", f"{NATIVE}/progress", [fakes.flow(etcd, fakes.step("Start the API server", "running"))])
    return desk


def test_it_ends_when_cluster_and_pools_are_ready(ordering: Desk) -> None:
    ordering.service.says("GET", ONE, fakes.cluster(status="INSTALLING"), fakes.cluster())
    ordering.service.says("GET", f"{ONE}/nodepool", [fakes.pool(status="INSTALLING")], [fakes.pool()])
    result = ordering.run(*ORDER, "-o", "json")
    assert (result.code, result.json) == (0, fakes.cluster())
    assert ordering.clock.now == fakes.NOW + 2


def test_a_finished_step_is_one_line_and_told_once(ordering: Desk) -> None:
    ordering.service.says("GET", ONE, *[fakes.cluster(status="INSTALLING")] * 5, fakes.cluster())
    result = ordering.run(*ORDER)
    assert result.err == "✓ Install the cluster: Start etcd (2s)\n"


def test_a_terminal_without_such_characters(ordering: Desk) -> None:
    ordering.service.says("GET", ONE, fakes.cluster())
    ordering.encoding = "ascii"
    assert ordering.run(*ORDER).err == "done Install the cluster: Start etcd (2s)\n"


def test_timeout(ordering: Desk) -> None:
    result = ordering.run(*ORDER, "--timeout", "1m30s")
    assert result.code == 6
    assert ordering.clock.now == fakes.NOW + 90
    assert "cluster demo to be READY (it is INSTALLING)" in result.err
    assert f"steward progress {CLUSTER} --follow" in result.err


def test_interrupted(ordering: Desk) -> None:
    ordering.clock.interrupt_at = fakes.NOW + 3
    result = ordering.run(*ORDER)
    assert result.code == 130
    assert "the work goes on" in result.err
    assert f"steward progress {CLUSTER} --follow" in result.err


def test_work_that_cannot_go_on(ordering: Desk) -> None:
    ordering.service.says("GET", ONE, fakes.cluster(status="USER_ERROR"))
    blocked = fakes.step("Start etcd", "blocked", message="the disk is full")
    ordering.service.says("GET", f"{NATIVE}/progress", [fakes.flow(blocked)])
    result = ordering.run(*ORDER)
    assert result.code == 1
    assert "USER_ERROR" in result.err
    assert "Install the cluster: Start etcd: the disk is full" in result.err


def test_a_restart_of_the_service_does_not_end_the_wait(ordering: Desk) -> None:
    ordering.service.is_away("GET", ONE)
    ordering.clock.on_sleep += [
        lambda: ordering.service.refuses("GET", ONE, 503, "starting"),
        lambda: ordering.service.says("GET", ONE, fakes.cluster()),
    ]
    assert ordering.run(*ORDER).code == 0
    assert ordering.clock.now == fakes.NOW + 2


def test_a_refusal_does(ordering: Desk) -> None:
    ordering.service.refuses("GET", ONE, 403, "revoked", "INVALID_CREDENTIAL")
    assert ordering.run(*ORDER).code == 4


def test_deleting_shows_its_own_work_only(desk: Desk) -> None:
    desk.has(fakes.cluster())
    desk.service.says("DELETE", ONE, None)
    old = fakes.flow(fakes.step("Start etcd", "done", ended=1), ended=True)
    new = fakes.flow(fakes.step("Stop etcd", "done", ended=3), name="Delete the cluster", subject="cluster:other")
    desk.service.says("GET", f"{NATIVE}/progress", [old], [old, new])
    desk.clock.on_sleep += [lambda: None, lambda: desk.service.refuses("GET", ONE, 404, "gone")]
    result = desk.run("cluster", "delete", CLUSTER, "--yes", "--wait")
    assert result.code == 0
    assert "Stop etcd" in result.err
    assert "Start etcd" not in result.err


def test_a_terminal_sees_bar_steps_and_what_is_waited_for(ordering: Desk) -> None:
    ordering.service.says("GET", ONE, fakes.cluster(status="INSTALLING"), fakes.cluster())
    ordering.person = True
    result = ordering.run(*ORDER)
    assert "50% Install the cluster" in result.err
    assert "Start the API server" in result.err
    assert "Waiting for cluster demo to be READY" in result.err
    assert "Done in 1s" in result.err


class TestPicture:
    def picture(self, desk: Desk, height: int) -> str:
        flows = [
            fakes.flow(fakes.step("Start etcd", "done", ended=2), ended=True, name="Install the cluster"),
            fakes.flow(
                fakes.step("Make the disk", "done", ended=5),
                fakes.step("Start the machine", "running", message="pulling", began=5),
                fakes.step("Join", "waiting"),
                name="Start a node",
                subject=f"node:{fakes.NODE}",
            ),
        ]
        made = display.rendered(
            desk.session().terminal, flows, "all of it", now=fakes.NOW + 70, passed=3700, height=height
        )
        return str(made)

    def test_with_room(self, desk: Desk) -> None:
        assert self.picture(desk, 24).splitlines() == [
            "████████████████████████ 100% Install the cluster  9s",
            "████████░░░░░░░░░░░░░░░░  33% Start a node (node bbbbbbbb)  1m 10s",
            "  ✓ Make the disk  5s",
            "  ▸ Start the machine  1m 05s  pulling",
            "  · Join",
            "⠋ Waiting for all of it  1h 01m",
        ]

    def test_without(self, desk: Desk) -> None:
        assert self.picture(desk, 4).splitlines() == [
            "████████░░░░░░░░░░░░░░░░  33% Start a node (node bbbbbbbb)  1m 10s",
            "  ▸ Start the machine  1m 05s  pulling",
            "⠋ Waiting for all of it  1h 01m",
        ]

    def test_plain_characters(self, desk: Desk) -> None:
        desk.encoding = "ascii"
        assert self.picture(desk, 4).isascii()


class TestProgress:
    def test_table(self, ordering: Desk) -> None:
        result = ordering.run("progress", CLUSTER)
        assert result.out.splitlines() == [
            "FLOW                 STEP                  STATE    TOOK  MESSAGE",
            "Install the cluster  Start etcd            done     2s",
            "Install the cluster  Start the API server  running  0s",
        ]

    def test_json(self, ordering: Desk) -> None:
        (flow,) = json.loads(ordering.run("progress", CLUSTER, "-o", "json").out)
        assert flow["fraction"] == 0.5

    def test_follow_ends_with_the_work(self, ordering: Desk) -> None:
        done = fakes.flow(fakes.step("Start etcd", "done", ended=2), ended=True)
        ordering.clock.on_sleep.append(lambda: ordering.service.says("GET", f"{NATIVE}/progress", [done]))
        assert ordering.run("progress", CLUSTER, "--follow").code == 0
        assert ordering.clock.now == fakes.NOW + 1

    def test_follow_ends_where_a_person_is_needed(self, ordering: Desk) -> None:
        stuck = fakes.flow(fakes.step("Start etcd", "blocked", message="the disk is full"))
        ordering.service.says("GET", f"{NATIVE}/progress", [stuck])
        result = ordering.run("progress", CLUSTER, "--follow")
        assert result.code == 1
        assert "the disk is full" in result.err

    def test_as_the_provider(self, ordering: Desk) -> None:
        assert ordering.run("progress", CLUSTER, "--as", "provider").code == 0
        (request,) = ordering.service.asked("GET", f"{NATIVE}/progress")
        assert fakes.identity(request) == {"authorization": "Bearer operators-token"}

    def test_the_provider_names_no_names(self, ordering: Desk) -> None:
        assert ordering.run("progress", "demo", "--as", "provider").code == 2


class TestEvents:
    @pytest.fixture
    def eventful(self, desk: Desk) -> Desk:
        desk.has(fakes.cluster())
        desk.service.says("GET", f"{NATIVE}/events", [_event(1)])
        return desk

    def test_table(self, eventful: Desk) -> None:
        result = eventful.run("events", "demo")
        assert result.out.splitlines() == [
            "NO  AT                    TYPE             BY     ACTIVITY  MESSAGE",
            "1   2030-01-01T00:00:01Z  cluster:ordered  ab123  1.1-1     Number 1",
        ]
        assert eventful.service.query("GET", f"{NATIVE}/events") == {"after": "0", "limit": "100"}

    def test_every_page(self, eventful: Desk) -> None:
        pages = [[_event(number) for number in range(1, 101)], [_event(101)]]
        eventful.service.says("GET", f"{NATIVE}/events", *pages)
        assert len(json.loads(eventful.run("events", "demo", "-o", "json").out)) == 101
        assert eventful.service.query("GET", f"{NATIVE}/events")["after"] == "100"

    def test_a_deleted_cluster_by_its_id(self, eventful: Desk) -> None:
        eventful.service.refuses("GET", ONE, 404, "gone")
        assert eventful.run("events", CLUSTER).code == 0

    def test_follow_until_interrupted(self, eventful: Desk) -> None:
        eventful.service.says("GET", f"{NATIVE}/events", [_event(1)], [], [_event(2)], [])
        eventful.clock.interrupt_at = fakes.NOW + 4
        result = eventful.run("events", "demo", "--follow", "-o", "json")
        assert result.code == 130
        assert [json.loads(line)["id"] for line in result.out.splitlines()] == [1, 2]


def _event(number: int) -> dict[str, object]:
    return {
        "id": number,
        "at": fakes.moment(number),
        "subject": "cluster",
        "subjectId": CLUSTER,
        "type": "cluster:ordered",
        "message": f"Number {number}",
        "actor": "ab123",
        "activity": "1.1-1",
        "facts": {},
    }
