"""The rules of `ports/audit_logs.py`, for every runtime."""

from steward.ports import audit_logs, control_planes
from steward.ports.audit_logs import START, Piece, Place
from steward.ports.control_planes import Part
from tests.ports import bundles
from tests.ports.bundles import Runtime


async def rest(runtime: Runtime, wanted: control_planes.ControlPlane, place: Place, most: int = 2**20) -> Piece:
    """All that is left, as one piece."""
    lines: list[bytes] = []
    lost = ""
    while True:
        piece = await runtime.audit_logs.read(wanted.cluster_id, place, most=most)
        lines += piece.lines
        lost = lost or piece.lost
        place = piece.place
        if not piece.more:
            return Piece(lines=lines, place=place, lost=lost)


def names(piece: Piece, *wanted: str) -> list[str]:
    """Those of the notes that were written, in the order of the log."""
    return [name for line in piece.lines for name in wanted if f'"name":"{name}"'.encode() in line]


async def written(runtime: Runtime, wanted: control_planes.ControlPlane, place: Place, name: str) -> Piece:
    """What stands in the log as soon as the note of this name does."""
    found: list[Piece] = []

    async def there() -> bool:
        piece = await rest(runtime, wanted, place)
        found[:] = [piece]
        return bool(names(piece, name))

    await bundles.eventually(runtime, there, what=f"{name} in the audit log", within=10)
    return found[0]


def test_a_cluster_that_never_was_has_no_log(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        assert runtime.audit_logs.glance(wanted.cluster_id) is None
        assert await runtime.audit_logs.read(wanted.cluster_id, START, most=100) == Piece(lines=(), place=START)
        assert await runtime.audit_logs.latest(wanted.cluster_id, most=100) == Piece(lines=(), place=START)
        assert await runtime.audit_logs.search(wanted.cluster_id, "x", limit=1) == []

    runtime.run(story())


def test_what_is_asked_of_the_api_is_in_its_log_within_seconds(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.guests.apply(access, [bundles.note("one")])
        first = await written(runtime, wanted, START, "one")
        before = runtime.audit_logs.glance(wanted.cluster_id)
        await runtime.guests.apply(access, [bundles.note("two")])
        second = await written(runtime, wanted, first.place, "two")
        assert runtime.audit_logs.glance(wanted.cluster_id) != before
        assert names(second, "one", "two") == ["two"], "nothing is read twice"
        assert not first.lost
        assert not second.lost

    runtime.run(story())


def test_the_latest_are_whole_lines_and_reading_goes_on_after_them(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.guests.apply(access, [bundles.note(name) for name in ("one", "two")])
        whole = await written(runtime, wanted, START, "two")
        latest = await runtime.audit_logs.latest(wanted.cluster_id, most=2**20)
        assert list(latest.lines)[: len(whole.lines)] == list(whole.lines)
        for most in (0, len(latest.lines[-1]) + 1, 2 * len(latest.lines[-1])):
            piece = await runtime.audit_logs.latest(wanted.cluster_id, most=most)
            assert sum(len(each) + 1 for each in piece.lines) <= most
            assert bool(piece.lines) == bool(most)
        await runtime.guests.apply(access, [bundles.note("three")])
        later = await written(runtime, wanted, latest.place, "three")
        assert names(later, "one", "two", "three") == ["three"]
        assert not later.lost

    runtime.run(story())


def test_small_pieces_are_the_same_log(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.guests.apply(access, [bundles.note(name) for name in ("one", "two")])
        whole = await written(runtime, wanted, START, "two")
        small = await rest(runtime, wanted, START, most=10)
        assert list(small.lines)[: len(whole.lines)] == list(whole.lines)

    runtime.run(story())


def test_a_new_api_server_is_another_writer_of_the_same_log(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.guests.apply(access, [bundles.note("one")])
        place = (await written(runtime, wanted, START, "one")).place
        before = _writer(runtime.audit_logs.glance(wanted.cluster_id))
        runtime.kill_part(wanted, Part.API_SERVER)
        await bundles.eventually(runtime, lambda: bundles.answers(runtime, access), what="the API's answer")
        await runtime.guests.apply(access, [bundles.note("two")])
        assert names(await written(runtime, wanted, place, "two"), "one", "two") == ["two"]
        assert _writer(runtime.audit_logs.glance(wanted.cluster_id)) != before

    runtime.run(story())


def _writer(glance: audit_logs.Glance | None) -> str:
    assert glance is not None
    return glance.writer


def test_a_new_steward_reads_on_or_says_what_is_lost(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.guests.apply(access, [bundles.note("one")])
        place = (await written(runtime, wanted, START, "one")).place
        successor = await bundles.reopened(runtime)
        piece = await rest(successor, wanted, place)
        assert piece.lost or piece.place.inode == place.inode
        await successor.guests.apply(access, [bundles.note("two")])
        assert names(await written(successor, wanted, piece.place, "two"), "one", "two") == ["two"]

    runtime.run(story())


def test_a_word_is_found_again(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.guests.apply(access, [bundles.note(name) for name in ("needle-one", "needle-two")])
        await written(runtime, wanted, START, "needle-two")
        found = await runtime.audit_logs.search(wanted.cluster_id, "needle-", limit=10)
        assert set(names(Piece(lines=found, place=START), "needle-one", "needle-two")) == {"needle-one", "needle-two"}
        assert len(await runtime.audit_logs.search(wanted.cluster_id, "needle-", limit=1)) == 1

    runtime.run(story())


def test_nothing_of_a_log_is_left_with_its_cluster(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.guests.apply(access, [bundles.note("one")])
        await written(runtime, wanted, START, "one")
        await runtime.guests.forget(wanted.cluster_id)
        await runtime.control_planes.remove(wanted.cluster_id)
        assert runtime.audit_logs.glance(wanted.cluster_id) is None

    runtime.run(story())
