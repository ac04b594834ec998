"""Break-glass in the simulated world: who may open it, that it ends, and that the end is proved by a refused call."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from steward.domain import accesses, clusters, errors
from steward.operations import accesses as accesses_
from steward.ports import guests, probes
from steward.reconcile import accesses as reconciler
from steward.runtimes.simulated import audit_logs
from steward.runtimes.simulated import guests as guests_
from steward.runtimes.simulated import probes as probes_
from tests.unit import persons
from tests.unit.reconcile import test_audits
from tests.unit.reconcile.sites import CUSTOMER, Site

Play = Callable[..., None]
WANTED = accesses_.Request(activity="3.2.1-3", scope=accesses.Scope.VIEW, reason="etcd grows", minutes=10)


async def asked(site: Site, cluster_id: str, **changes: object) -> accesses.Access:
    wanted = dataclasses.replace(WANTED, **changes)  # type: ignore[arg-type]  # fields of a request
    return await accesses_.request(
        site.context, persons.SUSI, project_id=site.project_id, cluster_id=cluster_id, wanted=wanted
    )


async def now(site: Site, access_id: str) -> accesses.Access:
    async with site.records.read() as work:
        found = await work.accesses.get(access_id)
    assert found is not None
    return found


async def until(site: Site, access_id: str, status: accesses.Status, within: float = 120) -> accesses.Access:
    async def reached() -> bool:
        return (await now(site, access_id)).status is status

    await site.clock.until(reached, within=within, every=0.5, what=f"the access being {status}")
    return await now(site, access_id)


def bound(site: Site, cluster_id: str) -> list[str]:
    """Names of the bindings of break-glass that stand."""
    place = site.world.look(cluster_id)
    assert place is not None
    assert place.data is not None
    return [name for name in place.data.manifests if "/steward:breakglass-" in name]


async def opened(site: Site, cluster_id: str, **changes: object) -> accesses.Access:
    made = await asked(site, cluster_id, **changes)
    await accesses_.approve(site.context, CUSTOMER, project_id=site.project_id, access_id=made.id)
    return await until(site, made.id, accesses.Status.ACTIVE)


def test_with_consent_it_opens_and_ends_by_time(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        made = await asked(site, cluster_id)
        assert made.status is accesses.Status.REQUESTED
        await site.clock.sleep(60)
        assert bound(site, cluster_id) == [], "nothing works before the consent"
        await accesses_.approve(site.context, CUSTOMER, project_id=site.project_id, access_id=made.id)
        active = await until(site, made.id, accesses.Status.ACTIVE)
        assert len(bound(site, cluster_id)) == 1
        assert active.user == f"steward:3.2.1-3:breakglass-{made.id[:8]}"
        async with site.records.read() as work:
            issued = await work.issuances.by_key(active.fingerprint)
        assert issued is not None
        assert (issued.user, issued.party) == (active.user, errors.PROVIDER)
        assert issued.expires_at == active.expires_at, "the certificate is valid for exactly the window"
        shown = await accesses_.collect(site.context, persons.SUSI, project_id=site.project_id, access_id=made.id)
        assert active.user in shown
        over = await until(site, made.id, accesses.Status.ENDED, within=700)
        assert over.refused_with == "403 Forbidden"
        assert over.expires_at is not None
        assert over.ended_at is not None
        assert 0 <= (over.ended_at - over.expires_at).total_seconds() < 1
        assert bound(site, cluster_id) == []
        assert over.calls is not None
        assert reconciler.sessions.PROOF in over.calls[-1]
        async with site.records.read() as work:
            issued = await work.issuances.by_key(active.fingerprint)
            assert issued is not None
            assert issued.revoked_at is not None
            assert await work.secrets.get(made.id, accesses_.CREDENTIAL) is None
        happened = [each for each in await site.events(cluster_id) if each.startswith("access:")]
        told = ("requested", "approved", "active", "collected", "expired", "closed")
        assert happened == [f"access:{each}" for each in told]

    play(story)


@pytest.mark.parametrize("actor", [CUSTOMER, persons.CARA, persons.SUSI, persons.PAUL])
def test_either_party_ends_it_at_once(play: Play, actor: object) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        made = await opened(site, cluster_id)
        await accesses_.end(site.context, actor, project_id=site.project_id, access_id=made.id)  # type: ignore[arg-type]
        over = await until(site, made.id, accesses.Status.ENDED, within=10)
        assert over.refused_with == "403 Forbidden"

    play(story)


def test_who_was_let_in_may_read_and_leaves_no_credential_behind(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await test_audits.proven(site)
        made = await opened(site, cluster_id, scope=accesses.Scope.ADMIN)
        await site.clock.sleep(test_audits.SOON)  # what steward wrote for it was judged before
        read = audit_logs.Deed(verb="list", resource="secrets", agent="kubectl/v1.37.2")
        test_audits.write(site, cluster_id, made.user, read, made.fingerprint)
        await site.clock.sleep(test_audits.SOON)
        assert await test_audits.findings(site, cluster_id) == []
        written = dataclasses.replace(read, verb="create", namespace="shop", name="token")
        test_audits.write(site, cluster_id, made.user, written, made.fingerprint)
        await site.clock.sleep(test_audits.SOON)
        found = await test_audits.findings(site, cluster_id)
        assert [(each.activity, each.rule) for each in found] == [("3.1.2-2", "credential made in a session")]

    play(story)


def role_binding(name: str, *subjects: tuple[str, str]) -> dict[str, Any]:
    """As a session with all rights may make one, in a namespace that nobody asks for a proof."""
    return {
        "apiVersion": reconciler.RIGHTS,
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": "shop"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"},
        "subjects": [{"kind": kind, "name": who} for kind, who in subjects],
    }


def give(site: Site, cluster_id: str, *manifests: dict[str, Any]) -> None:
    with site.world.changing(cluster_id) as place:
        assert place.data is not None
        place.data.manifests |= {guests_.key(each): each for each in manifests}


def named_by(site: Site, cluster_id: str) -> dict[str, list[str]]:
    """The role bindings of the namespace, with the names in them."""
    place = site.world.look(cluster_id)
    assert place is not None
    assert place.data is not None
    standing = [each for each in place.data.manifests.values() if each["metadata"].get("namespace") == "shop"]
    return {each["metadata"]["name"]: [who["name"] for who in each["subjects"]] for each in standing}


def test_what_a_session_bound_itself_to_is_taken_back_before_its_end_is_proved(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        made = await opened(site, cluster_id, scope=accesses.Scope.ADMIN)
        alone = role_binding("alone", ("User", made.user), ("Group", reconciler.GROUP))
        shared = role_binding("shared", ("User", "alice"), ("User", made.user), ("Group", "team"))
        give(site, cluster_id, alone, shared, role_binding("others", ("User", "bob")))
        await accesses_.end(site.context, CUSTOMER, project_id=site.project_id, access_id=made.id)
        over = await until(site, made.id, accesses.Status.ENDED)
        assert over.refused_with == "403 Forbidden"
        assert named_by(site, cluster_id) == {"shared": ["alice", "team"], "others": ["bob"]}
        assert await test_audits.findings(site, cluster_id) == [], "the audit log shows why it was done"

    play(story)


def test_what_binds_it_again_while_it_ends_keeps_the_end_from_being_proved(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A binding that was made just after the look at them, with rights that had not yet stopped to count."""

    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        made = await opened(site, cluster_id, scope=accesses.Scope.ADMIN)
        again, attempt = role_binding("again", ("User", made.user)), probes_.SimulatedProbes.attempt

        async def meanwhile(self: probes_.SimulatedProbes, target: probes.Target) -> int:
            give(site, cluster_id, again)
            return await attempt(self, target)

        with monkeypatch.context() as patched:
            patched.setattr(probes_.SimulatedProbes, "attempt", meanwhile)
            await accesses_.end(site.context, CUSTOMER, project_id=site.project_id, access_id=made.id)
            await site.clock.sleep(120)
            assert (await now(site, made.id)).status is accesses.Status.ENDING
        await until(site, made.id, accesses.Status.ENDED)
        assert named_by(site, cluster_id) == {}

    play(story)


@pytest.mark.parametrize(("answer", "status"), [(401, accesses.Status.ENDED), (403, accesses.Status.ENDING)])
def test_bindings_that_cannot_be_read_leave_only_a_certificate_that_is_void_everywhere(
    play: Play, monkeypatch: pytest.MonkeyPatch, answer: int, status: accesses.Status
) -> None:
    async def refused(self: object, access: object, subjects: object, *, operation: str) -> None:
        raise guests.NotAnswering("the customer took steward's rights away")

    async def answered(self: object, target: object) -> int:
        return answer

    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        made = await opened(site, cluster_id)
        with monkeypatch.context() as patched:
            patched.setattr(guests_.SimulatedGuests, "unbind", refused)
            patched.setattr(probes_.SimulatedProbes, "attempt", answered)
            await accesses_.end(site.context, CUSTOMER, project_id=site.project_id, access_id=made.id)
            await site.clock.sleep(60)
            assert (await now(site, made.id)).status is status
        await until(site, made.id, accesses.Status.ENDED)

    play(story)


def test_an_end_that_is_not_proved_is_tried_until_it_is(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        made = await opened(site, cluster_id)
        site.faults.mute(cluster_id)
        await accesses_.end(site.context, CUSTOMER, project_id=site.project_id, access_id=made.id)
        await site.clock.sleep(300)
        still = await now(site, made.id)
        assert still.status is accesses.Status.ENDING
        assert not still.refused_with
        site.faults.mend(cluster_id)
        assert (await until(site, made.id, accesses.Status.ENDED)).refused_with == "403 Forbidden"

    play(story)


def test_a_credential_that_still_works_is_not_said_to_have_ended(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its binding stays, whatever the reason: then the call that proves the end succeeds, and nothing is proved."""

    async def refused(self: object, access: object, manifests: object) -> None:
        raise guests.NotAnswering("the customer took steward's rights away")

    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        made = await opened(site, cluster_id)
        with monkeypatch.context() as patched:
            patched.setattr(guests_.SimulatedGuests, "remove", refused)
            await accesses_.end(site.context, CUSTOMER, project_id=site.project_id, access_id=made.id)
            await site.clock.sleep(120)
            still = await now(site, made.id)
            assert (still.status, still.refused_with) == (accesses.Status.ENDING, "")
        over = await until(site, made.id, accesses.Status.ENDED)
        assert over.refused_with == "403 Forbidden"

    play(story)


@pytest.mark.parametrize("point", range(7))
def test_a_steward_that_is_killed_anywhere_leaves_nothing_open(play: Play, point: int) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        made = await asked(site, cluster_id)
        seen: list[str] = []

        def die(subject: str, step: str, moment: str) -> None:
            if subject.startswith("access:"):
                seen.append(f"{step} {moment}")
                if len(seen) == point + 1:
                    site.steward.life.end()

        site.hook = lambda life: setattr(life, "on_step", die)
        await site.restart()
        await accesses_.approve(site.context, CUSTOMER, project_id=site.project_id, access_id=made.id)
        for _ in range(80):
            await site.clock.sleep(10)
            if site.steward.life.dead:
                await site.restart()
        over = await now(site, made.id)
        assert over.status is accesses.Status.ENDED
        assert over.refused_with == "403 Forbidden"
        assert bound(site, cluster_id) == []
        assert len(seen) > point, f"only {seen}"
        async with site.records.read() as work:
            held = [each for each in await work.issuances.of(cluster_id) if each.user == over.user]
        assert len(held) == 1, "one credential was issued, whoever died"

    play(story)


def test_its_cluster_may_go_first(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        made = await opened(site, cluster_id)
        await site.delete(cluster_id)
        await site.until_deleted(cluster_id)
        over = await until(site, made.id, accesses.Status.ENDED)
        assert over.refused_with in (accesses.CLUSTER_GONE, "403 Forbidden")
        await accesses_.review(
            site.context, CUSTOMER, project_id=site.project_id, access_id=made.id, verdict="accepted", text=""
        )
        await site.settled()

    play(story)


def test_a_request_that_nobody_answers_lapses(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        made = await asked(site, cluster_id)
        almost = made.requested_at - accesses.LAPSES_AFTER + timedelta(seconds=30)
        async with site.records.begin() as work:
            await work.accesses.put(dataclasses.replace(made, requested_at=almost))
        site.steward.wake(f"access:{made.id}")
        await site.clock.sleep(20)
        assert (await now(site, made.id)).status is accesses.Status.REQUESTED
        lapsed = await until(site, made.id, accesses.Status.DENIED, within=20)
        assert "nobody answered" in lapsed.ended_by
        with pytest.raises(errors.Conflict):
            await accesses_.approve(site.context, CUSTOMER, project_id=site.project_id, access_id=made.id)

    play(story)


def test_each_scope_is_bound_to_its_own_roles() -> None:
    made = accesses.Access(
        id="11111111-0000-4000-8000-000000000000",
        project_id="p",  # type: ignore[arg-type]  # only carried along
        cluster_id=clusters.ClusterId("c"),
        activity="3.2.1-3",
        scope=accesses.Scope.VIEW,
        reason="r",
        minutes=5,
        requested_by="susi",
        requested_at=persons.SINCE,
        user="u",
    )

    def roles(scope: accesses.Scope) -> list[tuple[str, str]]:
        found = reconciler.bindings(dataclasses.replace(made, scope=scope))
        assert {each["subjects"][0]["name"] for each in found} == {"u"}
        return [(each["kind"], each["roleRef"]["name"]) for each in found]

    assert roles(accesses.Scope.VIEW) == [("ClusterRoleBinding", "steward:breakglass:view")]
    assert roles(accesses.Scope.ADMIN) == [("ClusterRoleBinding", "cluster-admin")]
    assert ("ClusterRoleBinding", "cluster-admin") not in roles(accesses.Scope.OPERATE)
    assert ("RoleBinding", "steward:breakglass:operate-system") in roles(accesses.Scope.OPERATE)
