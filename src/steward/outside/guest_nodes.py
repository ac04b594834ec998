"""Node objects: how one is first written, what has to change in one that stands, what one says.

Pure functions between documents, called by `guests`. What a pool's template put on a node is remembered
in an annotation of that node, so that what is taken out of the template goes, and what others put there stays.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from steward.domain import nodepools
from steward.kit import times
from steward.ports import guests

APPLIED = "steward/applied-template"
CORDONED = "steward/cordoned"  # on a node that we emptied and nobody else had cordoned
_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
_NOT_REPORTED = "its kubelet has not reported yet"

Document = Mapping[str, Any]


def created(identity: guests.NodeIdentity, now: datetime) -> dict[str, Any]:
    """The object as it is first written: no pod lands before its kubelet has reported.

    The node lifecycle controller takes that taint away when Ready is true, and also where there is no
    condition at all, so this one says that it is not.
    """
    template = identity.template
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": identity.name,
            "labels": _labels(identity),
            "annotations": {**template.annotations, APPLIED: _remembered(identity)},
            "finalizers": list(template.finalizers),
        },
        "spec": {
            "providerID": identity.provider_id,
            "podCIDR": identity.pods,
            "podCIDRs": [identity.pods],
            "taints": [*map(_taint, template.taints), _NOT_READY],
            "unschedulable": template.unschedulable,
        },
        "status": {
            "conditions": [
                {
                    "type": "Ready",
                    "status": "False",
                    "reason": "NotReported",
                    "message": _NOT_REPORTED,
                    "lastHeartbeatTime": times.rfc3339(now),
                    "lastTransitionTime": times.rfc3339(now),
                }
            ]
        },
    }


def changes(identity: guests.NodeIdentity, found: Document) -> dict[str, Any]:
    """A merge patch that brings our part up to date; empty when nothing has to change."""
    before = _recalled(found)
    metadata = _metadata_changes(identity, found, before)
    spec = _spec_changes(identity, found["spec"], before)
    patch = {key: part for key, part in (("metadata", metadata), ("spec", spec)) if part}
    if patch:
        # Lists are replaced whole: a writer in between must show as a conflict, not be overwritten.
        patch.setdefault("metadata", {})["resourceVersion"] = found["metadata"]["resourceVersion"]
    return patch


def cordon(found: Document) -> dict[str, Any]:
    """A merge patch; somebody else's cordon is left without our mark, so that it stays when ours goes."""
    if found["spec"].get("unschedulable"):
        return {}
    return {
        "metadata": {"annotations": {CORDONED: "true"}, "resourceVersion": found["metadata"]["resourceVersion"]},
        "spec": {"unschedulable": True},
    }


def uncordon(found: Document) -> dict[str, Any]:
    """Takes our own cordon away. A template that came meanwhile may want one of its own, which is another."""
    if CORDONED not in found["metadata"].get("annotations", {}):
        return {}
    patch: dict[str, Any] = {
        "metadata": {"annotations": {CORDONED: None}, "resourceVersion": found["metadata"]["resourceVersion"]}
    }
    if not _recalled(found).get("unschedulable"):
        patch["spec"] = {"unschedulable": False}
    return patch


def seen(node: Document) -> guests.GuestNode:
    conditions = node.get("status", {}).get("conditions", ())
    addresses = node.get("status", {}).get("addresses", ())
    ready = next((each for each in conditions if each["type"] == "Ready"), None)
    return guests.GuestNode(
        name=node["metadata"]["name"],
        ready=ready is not None and ready["status"] == "True",
        reason=f"{ready['reason']}: {ready['message']}" if ready else _NOT_REPORTED,
        version=node.get("status", {}).get("nodeInfo", {}).get("kubeletVersion", "").removeprefix("v"),
        unschedulable=node["spec"].get("unschedulable", False),
        labels=node["metadata"].get("labels", {}),
        pods=node["spec"].get("podCIDR", ""),
        address=next((each["address"] for each in addresses if each["type"] == "InternalIP"), ""),
        machine=node.get("status", {}).get("nodeInfo", {}).get("machineID", ""),
    )


def _labels(identity: guests.NodeIdentity) -> dict[str, str]:
    """The provider's win over the template's: they say what the node is."""
    return {**identity.template.labels, **identity.labels}


def _taint(taint: nodepools.Taint) -> dict[str, str]:
    written = {"key": taint.key, "effect": taint.effect}
    return {**written, "value": taint.value} if taint.value else written


def _remembered(identity: guests.NodeIdentity) -> str:
    template = identity.template
    ours = {
        "labels": sorted(_labels(identity)),
        "annotations": sorted(template.annotations),
        "finalizers": sorted(template.finalizers),
        "taints": sorted(f"{each.key}:{each.effect}" for each in template.taints),
        "unschedulable": template.unschedulable,
    }
    return json.dumps(ours, separators=(",", ":"))


def _recalled(found: Document) -> Document:
    """What was ours at the last time. A note that somebody has spoiled counts as none."""
    try:
        note = json.loads(found["metadata"].get("annotations", {}).get(APPLIED, "{}"))
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}


def _metadata_changes(identity: guests.NodeIdentity, found: Document, before: Document) -> dict[str, Any]:
    metadata = found["metadata"]
    annotations = {**identity.template.annotations, APPLIED: _remembered(identity)}
    changed: dict[str, Any] = {
        "labels": _map_changes(_labels(identity), metadata.get("labels", {}), before.get("labels", ())),
        "annotations": _map_changes(annotations, metadata.get("annotations", {}), before.get("annotations", ())),
    }
    finalizers = _finalizers(identity, metadata, before)
    if finalizers != metadata.get("finalizers", []):
        changed["finalizers"] = finalizers
    return {key: part for key, part in changed.items() if part or key == "finalizers"}


def _map_changes(wanted: Mapping[str, str], present: Mapping[str, str], ours: Sequence[str]) -> dict[str, str | None]:
    changed: dict[str, str | None] = {key: text for key, text in wanted.items() if present.get(key) != text}
    changed.update({key: None for key in ours if key not in wanted and key in present})
    return changed


def _finalizers(identity: guests.NodeIdentity, metadata: Document, before: Document) -> list[str]:
    wanted = identity.template.finalizers
    present: list[str] = metadata.get("finalizers", [])
    kept = [each for each in present if each in wanted or each not in before.get("finalizers", ())]
    if "deletionTimestamp" in metadata:  # the API takes no new ones then
        return kept
    return kept + [each for each in wanted if each not in kept]


def _spec_changes(identity: guests.NodeIdentity, spec: Document, before: Document) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if spec.get("providerID") != identity.provider_id:
        changed["providerID"] = identity.provider_id
    if spec.get("podCIDR") != identity.pods:
        changed |= {"podCIDR": identity.pods, "podCIDRs": [identity.pods]}
    taints = _taints(identity.template, spec, before)
    if taints != spec.get("taints", []):
        changed["taints"] = taints
    unschedulable = spec.get("unschedulable", False)
    if identity.template.unschedulable and not unschedulable:
        changed["unschedulable"] = True
    elif before.get("unschedulable") and unschedulable and not identity.template.unschedulable:
        changed["unschedulable"] = False
    return changed


def _taints(template: nodepools.Template, spec: Document, before: Document) -> list[Document]:
    """Those of others in their place, ours with the wanted value, in the order of the template."""
    wanted = {f"{each.key}:{each.effect}": _taint(each) for each in template.taints}
    ours = {*wanted, *before.get("taints", ())}
    present: list[Document] = spec.get("taints", [])
    identified = [(f"{each['key']}:{each['effect']}", each) for each in present]
    if [pair for pair in identified if pair[0] in ours] == list(wanted.items()):
        return present
    return [*(each for name, each in identified if name not in ours), *wanted.values()]
