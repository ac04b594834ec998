"""Break-glass on the wire: each step by its own party, refused to the other one, and to who is nobody."""

import dataclasses
from pathlib import Path

from steward.domain import accesses
from steward.operations import accesses as accesses_
from tests.api import persons, serving

REQUEST = {"scope": "view", "reason": "etcd grows", "minutes": 30}


async def asked(service: serving.Service, who: persons.Person, cluster: str, **fields: object) -> serving.Answer:
    path = f"/native/projects/{service.project}/kube/{cluster}/accesses"
    await service.clock.sleep(1)
    return await who.call("POST", path, {**REQUEST, **fields})


def at(service: serving.Service, access: str, verb: str = "") -> str:
    return f"/native/projects/{service.project}/accesses/{access}" + (f"/{verb}" if verb else "")


async def make(service: serving.Service, access: str, **fields: object) -> None:
    """As the reconciler would leave it."""
    async with service.records.begin() as work:
        found = await work.accesses.get(access)
        assert found is not None
        await work.accesses.put(dataclasses.replace(found, **fields))  # type: ignore[arg-type]
        await work.secrets.put(access, accesses_.KUBECONFIG, b"kind: Config\n")


def test_from_the_request_to_the_review(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        susi = await persons.present(service, "support")
        cluster = (await service.ready())["id"]
        made = await asked(service, susi, cluster)
        assert made.status == 200, made.text
        access = made.body["id"]
        assert (made.body["status"], made.body["requestedBy"]) == ("requested", susi.email)
        assert f"access:{access}" in service.woken
        read = await service.call("GET", at(service, access), prefix="")
        assert read.body == made.body, "both parties read the same"
        refused = await susi.call("POST", at(service, access, "approve"))
        assert refused.status == 403
        given = await service.call("POST", at(service, access, "approve"), prefix="")
        assert (given.body["status"], given.body["approvedParty"]) == ("approved", "customer")
        assert given.body["expiresAt"] == "2030-01-01T00:" + given.body["expiresAt"][14:]
        early = await susi.call("POST", at(service, access, "kubeconfig"))
        assert early.status == 409
        await make(service, access, status=accesses.Status.ACTIVE)
        taken = await susi.call("POST", at(service, access, "kubeconfig"))
        assert taken.body == {"content": "kind: Config\n"}
        assert (await susi.call("POST", at(service, access, "kubeconfig"))).status == 409, "once"
        over = await service.call("POST", at(service, access, "end"), prefix="")
        assert over.body["status"] == "ending"
        await make(
            service, access, status=accesses.Status.ENDED, refused_with="403 Forbidden", calls=("list pods 200",)
        )
        assert (await susi.call("POST", at(service, access, "review"), {"verdict": "accepted"})).status == 403
        bare = await service.call("POST", at(service, access, "review"), {"verdict": "disputed"}, prefix="")
        assert bare.status == 400, "a dispute has a reason"
        body = {"verdict": "disputed", "text": "nobody had to look there"}
        reviewed = await service.call("POST", at(service, access, "review"), body, prefix="")
        assert (reviewed.body["verdict"], reviewed.body["calls"]) == ("disputed", ["list pods 200"])
        async with service.records.read() as work:
            known = [each.type for each in await work.events.of_cluster(cluster)]
            notices = [each.type for each in await work.notices.of(service.project)]
        told = ["requested", "approved", "collected", "ended", "reviewed"]
        assert [each for each in known if each.startswith("access:")] == [f"access:{each}" for each in told]
        assert "access:requested" in notices, "the customer is told at once"

    serving.run(tmp_path, story)


def test_who_of_the_staff_may_act_no_longer_is_out_of_every_cluster(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        susi = await persons.present(service, "support")
        cluster = (await service.ready())["id"]
        waits = (await asked(service, susi, cluster)).body["id"]
        entered = (await asked(service, susi, cluster)).body["id"]
        await service.call("POST", at(service, entered, "approve"), prefix="")
        await make(service, entered, status=accesses.Status.ACTIVE)
        service.woken.clear()
        assert (await service.operator("POST", f"/native/people/{susi.id}/suspend")).status == 200
        ended = (await service.call("GET", at(service, entered), prefix="")).body
        denied = (await service.call("GET", at(service, waits), prefix="")).body
        assert (ended["status"], denied["status"]) == ("ending", "denied")
        assert f"access:{entered}" in service.woken
        assert (await service.call("POST", at(service, waits, "approve"), prefix="")).status == 409

    serving.run(tmp_path, story)


def test_an_emergency_takes_another_person(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        otto, paul = await persons.present(service, "operator"), await persons.present(service, "operator")
        susi = await persons.present(service, "support")
        cluster = (await service.ready())["id"]
        calm = (await asked(service, otto, cluster)).body["id"]
        assert (await paul.call("POST", at(service, calm, "approve"))).body["errorCode"] == "NO_EMERGENCY"
        urgent = (await asked(service, otto, cluster, emergency=True)).body["id"]
        own = await otto.call("POST", at(service, urgent, "approve"))
        assert (own.status, own.body["errorCode"]) == (403, "SAME_PERSON")
        assert (own.body["details"]["activity"], own.body["details"]["operation"]) == (
            "3.1.2-2",
            "access.approve_emergency",
        )
        assert "second person" in own.body["details"]["whoMay"]
        weak = await susi.call("POST", at(service, urgent, "approve"))
        assert (weak.status, weak.body["details"]["activity"]) == (403, "3.1.2-2")
        given = await paul.call("POST", at(service, urgent, "approve"))
        assert (given.body["status"], given.body["approvedParty"]) == ("approved", "provider")
        async with service.records.read() as work:
            notices = [each.type for each in await work.notices.of(service.project)]
        assert notices.count("access:approved") == 1, "the customer is told at once"

    serving.run(tmp_path, story)


def test_wrong_parties_are_refused_with_the_row(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        susi = await persons.present(service, "support")
        vera, cara = await persons.present(service, "viewer"), await persons.present(service, "admin")
        auditor = await persons.present(service, "auditor")
        cluster = (await service.ready())["id"]
        path = f"/native/projects/{service.project}/kube/{cluster}/accesses"
        by_customer = await service.call("POST", path, REQUEST, prefix="")
        assert (by_customer.status, by_customer.body["details"]["activity"]) == (403, "3.2.1-3")
        assert (await asked(service, auditor, cluster)).status == 403
        foreign = await asked(service, susi, cluster, activity="2.3-1")
        assert (foreign.status, foreign.body["details"]["activity"]) == (403, "2.3-1"), "the customer's row, not lent"
        assert (await asked(service, susi, cluster, activity="7.7-7")).status == 400
        for wrong in ({"minutes": 241}, {"minutes": 0}, {"scope": "root"}, {"reason": " "}, {"more": 1}):
            assert (await asked(service, susi, cluster, **wrong)).status == 400, wrong
        assert (await asked(service, susi, cluster, ticket="11111111-2222-4333-8444-555555555555")).status == 404
        access = (await asked(service, susi, cluster)).body["id"]
        for verb in ("approve", "deny"):
            assert (await vera.call("POST", at(service, access, verb))).status == 403, "viewers read"
        denied = await susi.call("POST", at(service, access, "deny"))
        assert (denied.status, denied.body["details"]["activity"]) == (403, "3.1.2-3")
        stolen = await cara.call("POST", at(service, access, "kubeconfig"))
        assert stolen.status == 403
        _, keys = await service.customer_of("zz9-local")
        assert (await service.call("GET", at(service, access), prefix="", keys=keys)).status == 404
        assert (await service.call("POST", at(service, access, "approve"), prefix="", keys=keys)).status == 404
        assert (await cara.call("POST", at(service, access, "deny"))).body["status"] == "denied"

    serving.run(tmp_path, story)


def test_a_customers_row_may_be_entered_under_once_it_was_lent(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        susi = await persons.present(service, "support")
        cluster = (await service.ready())["id"]
        path = f"/native/projects/{service.project}/delegations"
        lent = await service.call(
            "POST",
            path,
            {"activity": "3.2.1-5", "reason": "look with us", "expiresAt": "2030-01-02T00:00:00Z"},
            prefix="",
        )
        assert lent.status == 200, lent.text
        made = await asked(service, susi, cluster, activity="3.2.1-5")
        assert made.status == 200, made.text

    serving.run(tmp_path, story)


def test_what_is_not_there_yet_is_not_entered(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        susi = await persons.present(service, "support")
        cluster = (await service.order())["id"]
        assert (await asked(service, susi, cluster)).status == 409

    serving.run(tmp_path, story)
