"""Events of audit logs for tests: recorded ones of a real cluster, and made ones."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from steward.domain import audits, clusters, errors, nodes, versions
from steward.responsibility import audit_judging, audit_rules

RECORDED = Path(__file__).with_name("recorded") / "audit.jsonl"
CLUSTER = clusters.ClusterId("04b9fc1e-1408-41bc-bed6-5218fc1df136")
DRAINED = "30e0499c-c875-4d50-a886-7b1649118e09"  # the node whose removal was recorded
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
STEWARD, ADMIN = "steward:3.2.2-4:nodes", "kubernetes-admin"


def recorded() -> list[audit_rules.Act]:
    return [audit_rules.parsed(line) for line in RECORDED.read_bytes().splitlines()]


def event(user: str, verb: str, kind: str = "", where: str = "", **more: Any) -> dict[str, Any]:
    """`kind` as the tables write it, `where` as namespace/name. `fingerprint` empty: no certificate."""
    plain, _, group = kind.partition(".")
    resource, _, subresource = plain.partition("/")
    namespace, _, name = where.rpartition("/")
    certificate = more.pop("fingerprint", f"of {user}")
    at = more.pop("at", NOON)
    extra = {"authentication.kubernetes.io/credential-id": [f"X509SHA256={certificate}"]} if certificate else {}
    reference = {
        "resource": resource,
        "subresource": subresource,
        "apiGroup": group,
        "namespace": namespace,
        "name": name,
    }
    return {
        "kind": "Event",
        "auditID": more.pop("id", f"{user} {verb} {kind} {where} {at.isoformat()}"),
        "stage": more.pop("stage", "ResponseComplete"),
        "requestURI": more.pop("uri", "/"),
        "verb": verb,
        "user": {"username": user, "extra": extra},
        "userAgent": more.pop("agent", "kubectl/v1.37.2"),
        "responseStatus": {"code": more.pop("code", 200)},
        "requestReceivedTimestamp": at.isoformat(),
        **({"objectRef": {key: text for key, text in reference.items() if text}} if resource else {}),
    }


def line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def act(user: str, verb: str, kind: str = "", where: str = "", **more: Any) -> audit_rules.Act:
    return audit_rules.parsed(line(event(user, verb, kind, where, **more)))


def issuance(user: str, fingerprint: str = "", **more: Any) -> audits.Issuance:
    found: dict[str, Any] = {
        "fingerprint": fingerprint or f"of {user}",
        "cluster_id": CLUSTER,
        "user": user,
        "party": errors.PROVIDER if user.startswith(("steward:", "system:")) else errors.CUSTOMER,
        "activity": "3.2.2-4",
        "purpose": "kubeconfig" if user == ADMIN else "nodes",
        "issued_at": NOON - timedelta(hours=12),
        "expires_at": NOON + timedelta(hours=12),
    }
    return audits.Issuance(**{**found, **more})


def ledger(*issued: audits.Issuance) -> dict[str, audits.Issuance]:
    every = (issuance(STEWARD), issuance(ADMIN), *issued)
    return {each.fingerprint: each for each in every}


def node(node_id: str = DRAINED, **more: Any) -> nodes.Node:
    found: dict[str, Any] = {
        "id": nodes.NodeId(node_id),
        "cluster_id": CLUSTER,
        "nodepool_id": "pool",
        "name": "node",
        "flavor": "d2-4",
        "version": versions.Version(1, 37, 2),
        "number": 0,
        "created_at": NOON - timedelta(days=1),
        "updated_at": NOON,
        "drain_began_at": NOON - timedelta(hours=12),
    }
    return nodes.Node(**{**found, **more})


def judged(*acts: audit_rules.Act, **facts: Any) -> audit_judging.Judgement:
    return audit_judging.judged(acts, audit_judging.Facts(**{"cluster_id": CLUSTER, "issuances": ledger(), **facts}))
