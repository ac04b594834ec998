"""The life of an account over the wire: suspended with a reason, resumed, closed for good."""

from pathlib import Path

from tests.api import persons, serving

REASON = "three invoices are unpaid"


def test_suspended_reads_go_on_and_changes_wait(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        ann = await persons.present(service, "owner")
        path = "/native/accounts/ab1-local"
        await service.clock.sleep(1)  # or the same order as before would get the same answer
        suspended = await service.operator("POST", f"{path}/suspend", {"reason": REASON})
        assert (suspended.body["status"], suspended.body["reason"]) == ("suspended", REASON)
        cluster = f"{service.kube}/{made['id']}"
        assert (await service.call("GET", cluster)).body["status"] == "READY"
        assert (await service.call("GET", f"/cloud/project/{service.project}")).body["status"] == "suspended"
        assert (await service.call("GET", path, prefix="")).body["reason"] == REASON
        for method, tail, body in (
            ("POST", service.kube, {"region": "LOCAL1"}),
            ("PUT", cluster, {"name": "x"}),
            ("POST", f"{cluster}/kubeconfig", None),
            ("DELETE", cluster, None),
        ):
            refused = await service.call(method, tail, body)
            assert (refused.status, refused.body["errorCode"]) == (403, "ACCOUNT_SUSPENDED"), tail
            assert REASON in refused.body["message"]
            assert (refused.body["details"]["reason"], refused.body["details"]["whoseTurn"]) == (REASON, "provider")
            assert refused.body["details"]["activity"], "every 403 names the activity that it is about"
            assert {"lettersCustomer", "whoMay", "howToAsk"} <= set(refused.body["details"]), tail
        assert (await ann.call("POST", "/native/people", {"email": "b@x.example", "role": "viewer"})).status == 403
        assert (await ann.signs_in()).status == 200
        assert (await ann.call("DELETE", f"/native/me/tokens/{ann.token_id}")).status == 200
        assert (await service.operator("POST", "/native/projects", {"account": "ab1-local"})).status == 409
        resumed = await service.operator("POST", f"{path}/resume")
        assert (resumed.body["status"], resumed.body["reason"]) == ("active", "")
        assert (await service.call("PUT", cluster, {"name": "y"})).status == 200

    serving.run(tmp_path, story)


def test_only_the_provider_suspends(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        support = await persons.present(service, "support")
        _, others = await service.customer_of("zz9-local")
        path = "/native/accounts/ab1-local"
        for person in (ann, support):
            for tail, body in (("suspend", {"reason": REASON}), ("resume", None)):
                refused = await person.call("POST", f"{path}/{tail}", body)
                assert (refused.status, refused.body["details"]["activity"]) == (403, "3.1.1-1")
        for method, tail, body in (("GET", "", None), ("POST", "/suspend", {"reason": "x"}), ("POST", "/close", None)):
            assert (await service.call(method, path + tail, body, keys=others, prefix="")).status == 404
        assert [each["account"] for each in (await ann.call("GET", "/native/accounts")).body] == ["ab1-local"]
        assert len((await support.call("GET", "/native/accounts")).body) == 2
        for reason in ("", " ", "x" * 501, "\x07"):
            assert (await service.operator("POST", f"{path}/suspend", {"reason": reason})).status == 400

    serving.run(tmp_path, story)


def test_closed_when_no_cluster_is_left_and_then_nothing_works(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.order()
        ann = await persons.present(service, "owner")
        path = "/native/accounts/ab1-local/close"
        refused = await service.operator("POST", path)
        assert (refused.status, refused.body["errorCode"]) == (409, "ACCOUNT_NOT_EMPTY")
        assert made["id"] in refused.body["details"]["clusters"]
        async with service.records.begin() as work:
            await work.clusters.remove(made["id"])
        viewer = await persons.present(service, "viewer")
        assert (await viewer.call("POST", path)).status == 403
        session = (await ann.signs_in()).body["token"]
        assert (await service.operator("POST", path)).body["status"] == "closed"
        assert (await service.call("GET", "/cloud/project")).body["errorCode"] == "INVALID_CREDENTIAL"
        for token in (ann.token, viewer.token, session):
            assert (await service.operator("GET", "/1.0/cloud/project", token=token)).status == 403
        assert (await ann.signs_in()).body["errorCode"] == "SIGN_IN_REFUSED"
        for again in ("suspend", "resume"):
            body = {"reason": REASON} if again == "suspend" else None
            assert (await service.operator("POST", f"/native/accounts/ab1-local/{again}", body)).status == 409
        assert (await service.operator("POST", "/native/projects", {"account": "ab1-local"})).status == 409
        invitation = {"email": "new@x.example", "role": "owner", "account": "ab1-local"}
        assert (await service.operator("POST", "/native/people", invitation)).status == 403

    serving.run(tmp_path, story)


def test_the_customer_may_leave(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann, admin = await persons.present(service, "owner"), await persons.present(service, "admin")
        path = "/native/accounts/ab1-local/close"
        assert (await admin.call("POST", path)).body["details"]["activity"] == "3.1.2-1"
        assert (await ann.call("POST", path)).body["status"] == "closed"
        assert (await ann.call("GET", "/native/me")).status == 403

    serving.run(tmp_path, story)
