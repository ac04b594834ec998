"""Which pods have to leave a node that is emptied, and what the API's refusals mean.

Pure functions over documents, called by `guests`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from steward.kit import times

_MIRROR = "kubernetes.io/config.mirror"
_FINISHED = ("Succeeded", "Failed")

Document = Mapping[str, Any]


def must_leave(pod: Document) -> bool:
    """Pods of DaemonSets end with their node, mirrors of files on the node too, finished ones hold nothing."""
    if pod.get("status", {}).get("phase") in _FINISHED or _MIRROR in pod["metadata"].get("annotations", {}):
        return False
    owners = pod["metadata"].get("ownerReferences", ())
    return not any(each.get("controller") and each["kind"] == "DaemonSet" for each in owners)


def is_leaving(pod: Document) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def is_overdue(pod: Document, now: datetime) -> bool:
    """Asked to leave, and past its time: its kubelet is dead, or does not get it down."""
    end = pod["metadata"].get("deletionTimestamp")
    return end is not None and times.parsed(end) <= now


def name_of(pod: Document) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def grace(pod: Document, *, most: int) -> int:
    """Seconds that a pod has when it is deleted by force; zero would leave its processes to themselves."""
    own = pod["spec"].get("terminationGracePeriodSeconds", most)
    return max(1, min(int(own), most))


def refusal(status: Any, fallback: str) -> str:
    """Why an eviction was refused: the causes name the disruption budget, the message does not."""
    causes = status.get("details", {}).get("causes", ()) if isinstance(status, dict) else ()
    told = "; ".join(each["message"] for each in causes if each.get("message"))
    return told or fallback


def images(pods: Iterable[Document]) -> dict[str, str]:
    """What the pods run: the image by its name, and the digest that was really pulled."""
    found: dict[str, str] = {}
    for pod in pods:
        for status in pod.get("status", {}).get("containerStatuses", ()):
            found[status["image"]] = status.get("imageID", "").rpartition("@")[2]
    return found
