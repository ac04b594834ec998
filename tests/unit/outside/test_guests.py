"""What HttpGuests asks and how it reads the answers, with an API made of functions: no socket is opened."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from steward.domain import nodepools
from steward.outside import certificates as certificates_
from steward.outside import guest_kinds, guest_lines, guest_nodes
from steward.ports import certificates, guests
from tests.unit.outside.answering import ACCESS, NOW, Answer, Api, Clock, always, failing, refusing, run


def test_version_is_the_api_servers_own() -> None:
    api = Api({"GET /version": always({"gitVersion": "v1.37.2"})})
    assert str(run(api.guests.version(ACCESS))) == "1.37.2"


def test_a_server_that_is_not_ready_is_told_with_the_checks_that_failed() -> None:
    run(Api({"GET /readyz": lambda _: httpx2.Response(200, text="ok")}).guests.ready(ACCESS))
    text = "[+]ping ok\n[-]etcd failed: reason withheld\n[+]log ok\nreadyz check failed\n"
    api = Api({"GET /readyz": lambda _: httpx2.Response(500, text=text)})
    with pytest.raises(guests.NotAnswering, match=r"was answered 500: etcd failed: reason withheld$"):
        run(api.guests.ready(ACCESS))


def test_storing_is_asked_of_etcd_alone() -> None:
    run(Api({"GET /readyz/etcd": lambda _: httpx2.Response(200, text="ok")}).guests.stores(ACCESS))
    api = Api({"GET /readyz/etcd": lambda _: httpx2.Response(500, text="internal server error: etcd failed")})
    with pytest.raises(guests.NotAnswering, match="/readyz/etcd was answered 500"):
        run(api.guests.stores(ACCESS))


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (httpx2.ConnectError("All connection attempts failed"), "failed: All connection attempts failed"),
        (httpx2.ConnectTimeout(""), "failed: no connection within 2 s"),
        (httpx2.ReadTimeout(""), "failed: no answer within 10 s"),
        (httpx2.RemoteProtocolError("Server disconnected"), "failed: Server disconnected"),
        (httpx2.ReadError(""), "failed: ReadError"),
    ],
)
def test_no_answer_says_what_was_tried(reason: Exception, told: str) -> None:
    with pytest.raises(guests.NotAnswering) as caught:
        run(Api({"GET /api/v1/nodes": failing(reason)}).guests.nodes(ACCESS))
    assert str(caught.value) == f"GET https://api:6443/api/v1/nodes {told}"


def test_an_answer_that_is_no_json_is_no_answer() -> None:
    api = Api({"GET /api/v1/nodes": lambda _: httpx2.Response(200, text="<html>")})
    with pytest.raises(guests.NotAnswering, match="not JSON"):
        run(api.guests.nodes(ACCESS))


def test_credentials_that_do_not_load_are_told_without_showing_them() -> None:
    async def story() -> None:
        await guest_lines.Lines().ask(ACCESS, guest_lines.Request(method="GET", path="/"))

    with pytest.raises(guests.NotAnswering, match="The credentials for https://api:6443 do not load"):
        run(story())


def test_real_credentials_load_from_memory() -> None:
    maker = certificates_.EllipticCertificates(Clock())
    authority = maker.authority("kubernetes")
    leaf = maker.issue(authority, certificates.Request(common_name="x"))
    access = replace(ACCESS, authority=authority.certificate, certificate=leaf.certificate, key=leaf.key)
    client = guest_lines.connect(access)
    assert not client.trust_env
    run(client.aclose())


def test_the_default_account_is_there_or_not() -> None:
    path = "GET /api/v1/namespaces/default/serviceaccounts/default"
    assert run(Api({path: always({})}).guests.has_default_account(ACCESS))
    assert not run(Api({}).guests.has_default_account(ACCESS))
    with pytest.raises(guests.NotAnswering, match="403: no"):
        run(Api({path: refusing(403, "no")}).guests.has_default_account(ACCESS))


def manifest(kind: str, api_version: str = "v1", name: str = "x", namespace: str = "") -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def test_manifests_are_written_in_the_order_of_need() -> None:
    given = [
        manifest("APIService", "apiregistration.k8s.io/v1"),
        manifest("Deployment", "apps/v1", namespace="n"),
        manifest("Service", namespace="n"),
        manifest("ClusterRole", "rbac.authorization.k8s.io/v1", "system:x"),
        manifest("Namespace"),
    ]
    paths = [guest_kinds.path(each) for each in reversed(given)]
    api = Api({f"PATCH {path}": always({}) for path in paths})
    run(api.guests.apply(ACCESS, given))
    assert api.calls() == [f"PATCH {path}" for path in paths]
    assert paths[1] == "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:x"
    assert paths[3] == "/apis/apps/v1/namespaces/n/deployments/x"
    first = api.asked[0]
    assert dict(first.url.params) == {"fieldManager": "steward", "force": "true"}
    assert first.headers["Content-Type"] == "application/apply-patch+yaml"
    assert json.loads(first.content) == given[-1]


def test_an_unknown_kind_is_found_before_anything_is_written() -> None:
    api = Api({})
    with pytest.raises(ValueError, match=r"example\.org/v1 Thing is not a kind that steward writes"):
        run(api.guests.apply(ACCESS, [manifest("Namespace"), manifest("Thing", "example.org/v1")]))
    assert api.asked == []


def test_a_wave_that_fails_is_waited_for_and_stops_the_next() -> None:
    api = Api({"PATCH /api/v1/namespaces/bad": refusing(422, "wrong"), "PATCH /api/v1/namespaces/x": always({})})
    given = [manifest("Namespace", name="bad"), manifest("Namespace"), manifest("Service", namespace="x")]
    with pytest.raises(guests.NotAnswering, match="422: wrong"):
        run(api.guests.apply(ACCESS, given))
    assert len(api.asked) == 2


def node(name: str = "n", **parts: Any) -> dict[str, Any]:
    metadata = {"name": name, "resourceVersion": "7", **parts.pop("metadata", {})}
    return {"metadata": metadata, "spec": parts.pop("spec", {}), "status": parts}


def test_nodes_are_read_as_they_are() -> None:
    bad = {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "no network"}
    items = [
        node("new"),
        node("bad", conditions=[bad], nodeInfo={"kubeletVersion": "v1.37.2"}, spec={"unschedulable": True}),
        node("good", conditions=[{**bad, "status": "True", "reason": "KubeletReady", "message": "fine"}]),
    ]
    seen = run(Api({"GET /api/v1/nodes": always({"items": items})}).guests.nodes(ACCESS))
    assert [each.ready for each in seen] == [False, False, True]
    assert [each.unschedulable for each in seen] == [False, True, False]
    assert seen[0].reason == "its kubelet has not reported yet"
    assert seen[1].reason == "KubeletNotReady: no network"
    assert seen[1].version == "1.37.2"


def identity(**template: Any) -> guests.NodeIdentity:
    return guests.NodeIdentity(
        name="n", provider_id="p", pods="10.2.0.0/24", labels={}, template=nodepools.Template(**template)
    )


def standing(wanted: guests.NodeIdentity) -> dict[str, Any]:
    """A node object as it was made, at rest."""
    made = guest_nodes.created(wanted, NOW)
    made["metadata"]["resourceVersion"] = "7"
    return made


def test_a_node_as_wanted_is_left_alone() -> None:
    wanted = identity(labels={"a": "1"}, unschedulable=True, finalizers=("x/y",))
    api = Api({"GET /api/v1/nodes/n": always(standing(wanted))})
    run(api.guests.register_node(ACCESS, wanted))
    assert api.calls() == ["GET /api/v1/nodes/n"]


def test_a_node_that_others_cordoned_stays_cordoned() -> None:
    found = standing(identity())
    found["spec"]["unschedulable"] = True
    assert guest_nodes.changes(identity(), found) == {}


def test_the_providers_labels_win_over_the_templates() -> None:
    wanted = replace(identity(labels={"nodepool": "forged"}), labels={"nodepool": "real"})
    assert guest_nodes.created(wanted, NOW)["metadata"]["labels"] == {"nodepool": "real"}


def test_a_spoiled_note_of_ours_is_written_anew_and_removes_nothing() -> None:
    found = standing(identity(labels={"a": "1"}))
    found["metadata"]["annotations"][guest_nodes.APPLIED] = "{"
    patch = guest_nodes.changes(identity(), found)
    assert list(patch) == ["metadata"]
    assert set(patch["metadata"]) == {"annotations", "resourceVersion"}


def test_a_node_on_its_way_out_is_given_no_finalizer() -> None:
    found = standing(identity())
    found["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
    assert "finalizers" not in guest_nodes.changes(identity(finalizers=("x/y",)), found)["metadata"]


def test_taints_of_the_same_key_and_another_effect_are_two() -> None:
    both = [nodepools.Taint(key="k", value="1", effect=effect) for effect in ("NoSchedule", "NoExecute")]
    patch = guest_nodes.changes(identity(taints=(both[0],)), standing(identity(taints=tuple(both))))
    keys = [(each["key"], each["effect"]) for each in patch["spec"]["taints"]]
    assert keys == [("node.kubernetes.io/not-ready", "NoSchedule"), ("k", "NoSchedule")]


def test_a_node_that_somebody_else_writes_is_tried_again_and_not_for_ever() -> None:
    answers = {
        "GET /api/v1/nodes/n": always(standing(identity())),
        "PATCH /api/v1/nodes/n": refusing(409, "the object has been modified"),
    }
    api = Api(answers)
    with pytest.raises(guests.NotAnswering, match="changed by somebody else in each of 5 attempts"):
        run(api.guests.register_node(ACCESS, identity(labels={"a": "1"})))
    assert len(api.calls()) == 10


def test_removing_a_node_twice_is_fine() -> None:
    run(Api({}).guests.remove_node(ACCESS, "n"))
    with pytest.raises(guests.NotAnswering, match="500: broken"):
        run(Api({"DELETE /api/v1/nodes/n": refusing(500, "broken")}).guests.remove_node(ACCESS, "n"))


def pod(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "d", "uid": name, **metadata}, "spec": {}, "status": {}}


def drain(
    pods: Sequence[Mapping[str, Any]], answers: Mapping[str, Answer], *, force: bool = False
) -> tuple[guests.Draining, Api]:
    api = Api({"PATCH /api/v1/nodes/n": always({}), "GET /api/v1/pods": always({"items": pods}), **answers})
    return run(api.guests.drain(ACCESS, "n", since=NOW, force=force)), api


def eviction(name: str) -> str:
    return f"POST /api/v1/namespaces/d/pods/{name}/eviction"


def test_only_pods_that_must_leave_are_asked() -> None:
    owner = {"kind": "DaemonSet", "controller": True}
    finished = {**pod("done"), "status": {"phase": "Succeeded"}}
    pods = [
        pod("daemon", ownerReferences=[owner]),
        pod("mirror", annotations={"kubernetes.io/config.mirror": "x"}),
        finished,
        pod("leaving", deletionTimestamp="2030-01-01T12:00:30Z"),
        pod("gone"),
        pod("asked"),
    ]
    drained, api = drain(pods, {eviction("asked"): always({}, 201)})
    assert drained == guests.Draining(left=["d/leaving", "d/asked"])
    assert sorted(api.calls()[2:]) == [eviction("asked"), eviction("gone")]
    assert dict(api.asked[1].url.params) == {"fieldSelector": "spec.nodeName=n"}


def test_a_pod_that_is_held_back_is_left_with_the_reason() -> None:
    causes = [{"reason": "DisruptionBudget", "message": "The disruption budget web needs 2 healthy pods"}]
    told = refusing(429, "Cannot evict pod", details={"causes": causes})
    drained, _ = drain([pod("a"), pod("b")], {eviction("a"): always({}, 201), eviction("b"): told})
    assert drained.left == ["d/a", "d/b"]
    assert drained.held_back == (
        "d/b may not leave: The disruption budget web needs 2 healthy pods"
        " (the node is being emptied since 2030-01-01T12:00:00Z)"
    )


def test_two_budgets_on_a_pod_hold_it_back_too() -> None:
    drained, _ = drain([pod("a")], {eviction("a"): refusing(500, "This pod has more than one PodDisruptionBudget")})
    assert "more than one PodDisruptionBudget" in drained.held_back


@pytest.mark.parametrize("code", [401, 502, 503, 504])
def test_an_api_that_cannot_evict_at_all_is_not_answering(code: int) -> None:
    with pytest.raises(guests.NotAnswering, match=f"{code}: x"):
        drain([pod("a")], {eviction("a"): refusing(code, "x")})


def test_force_deletes_and_in_the_end_for_good() -> None:
    pods = [
        {**pod("long"), "spec": {"terminationGracePeriodSeconds": 300}},
        {**pod("none"), "spec": {"terminationGracePeriodSeconds": 0}},
        pod("leaving", deletionTimestamp="2030-01-01T12:00:30Z"),
        pod("overdue", deletionTimestamp="2030-01-01T11:59:59Z"),
    ]
    answers = {f"DELETE /api/v1/namespaces/d/pods/{each['metadata']['name']}": always({}) for each in pods}
    drained, api = drain(pods, answers, force=True)
    assert drained.left == ["d/long", "d/none", "d/leaving"]
    sent = {each.url.path.rsplit("/", 1)[1]: json.loads(each.content) for each in api.asked[2:]}
    assert {name: body["gracePeriodSeconds"] for name, body in sent.items()} == {"long": 10, "none": 1, "overdue": 0}
    assert sent["long"]["preconditions"] == {"uid": "long"}


def test_draining_goes_on_where_the_node_object_is_gone() -> None:
    drained, _ = drain([], {"PATCH /api/v1/nodes/n": refusing(404, "not found")})
    assert drained == guests.Draining(left=[])


BINDINGS = "/apis/rbac.authorization.k8s.io/v1"
OURS = {"kind": "User", "name": "steward:x", "namespace": "ignored for users"}
ALICE = {"kind": "User", "name": "alice"}


def bound(name: str, namespace: str, *subjects: Mapping[str, str], **metadata: Any) -> dict[str, Any]:
    """As a list has it: without its kind."""
    place = {"namespace": namespace} if namespace else {}
    known = {"name": name, "uid": f"uid of {name}", "resourceVersion": "7", **place, **metadata}
    return {"metadata": known, "roleRef": {"name": "admin"}, "subjects": list(subjects)}


def test_a_subject_is_taken_out_of_every_binding_that_names_it() -> None:
    everywhere = {"items": [bound("all", "", OURS), bound("others", "", ALICE), bound("nobody", "")]}
    inside = {"items": [bound("x:1", "shop", OURS, ALICE), bound("held", "lab", OURS, finalizers=["a.example/b"])]}
    api = Api(
        {
            f"GET {BINDINGS}/clusterrolebindings": always(everywhere),
            f"GET {BINDINGS}/rolebindings": always(inside),
            f"DELETE {BINDINGS}/clusterrolebindings/all": always({}),
            f"PATCH {BINDINGS}/namespaces/shop/rolebindings/x:1": always({}),
            f"PATCH {BINDINGS}/namespaces/lab/rolebindings/held": refusing(409, "changed"),
        }
    )
    subjects = ["User:steward:x", "Group:steward:y"]
    found = run(api.guests.unbind(ACCESS, subjects, operation="access:1"))
    assert found == ["ClusterRoleBinding all", "RoleBinding shop/x:1", "RoleBinding lab/held"]
    written = [each for each in api.asked if each.method != "GET"]
    assert [json.loads(each.content) for each in written] == [
        {"preconditions": {"uid": "uid of all", "resourceVersion": "7"}},
        {"metadata": {"uid": "uid of x:1", "resourceVersion": "7"}, "subjects": [ALICE]},
        {"metadata": {"uid": "uid of held", "resourceVersion": "7"}, "subjects": []},
    ]
    assert {each.headers["User-Agent"] for each in written} == {"steward (operation access:1)"}
    assert written[1].headers["Content-Type"] == "application/merge-patch+json"


def test_bindings_that_may_not_be_read_are_not_said_to_be_none() -> None:
    api = Api({f"GET {BINDINGS}/clusterrolebindings": refusing(403, "no")})
    with pytest.raises(guests.NotAnswering, match="403: no"):
        run(api.guests.unbind(ACCESS, ["User:x"], operation="access:1"))


def test_a_user_is_an_administrator_whatever_namespace_stands_beside_its_name() -> None:
    binding = {**bound("b", "", OURS), "roleRef": {"name": "cluster-admin"}}
    api = Api({f"GET {BINDINGS}/clusterrolebindings": always({"items": [binding]})})
    assert run(api.guests.admins(ACCESS)) == {"b": ["User:steward:x"]}
