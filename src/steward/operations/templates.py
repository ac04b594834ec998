"""Templates of nodes: what Kubernetes itself would refuse later is refused here, with the field's name."""

import re
from collections.abc import Mapping

from steward.domain import errors, nodepools

_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PART = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_MOST_ANNOTATION_BYTES = 256 * 1024
_MOST_ENTRIES = 200

# The platform's own marks; a customer's value would break the link between node and pool.
_OURS = ("nodepool", "kubernetes.io/hostname")


def checked(template: nodepools.Template) -> nodepools.Template:
    entries = (template.labels, template.annotations, template.finalizers, template.taints)
    if any(len(each) > _MOST_ENTRIES for each in entries):
        raise errors.BadInput(f"[template] at most {_MOST_ENTRIES} entries of each kind", name="InvalidDataError")
    _check_labels(template.labels)
    _check_annotations(template.annotations)
    for finalizer in template.finalizers:
        _check_key(finalizer, "template.metadata.finalizers")
    for taint in template.taints:
        _check_taint(taint)
    return template


def _check_labels(labels: Mapping[str, str]) -> None:
    for key, value in labels.items():
        _check_key(key, "template.metadata.labels")
        if key in _OURS:
            raise errors.BadInput(f"[template.metadata.labels] {key} is set by the service", name="InvalidDataError")
        _check_value(value, f"template.metadata.labels.{key}")


def _check_annotations(annotations: Mapping[str, str]) -> None:
    for key in annotations:
        _check_key(key, "template.metadata.annotations")
    texts = "".join(annotations.values())
    if "\0" in texts or any("\ud800" <= character <= "\udfff" for character in texts):
        raise errors.BadInput("[template.metadata.annotations] values must be valid text", name="InvalidDataError")
    if len(texts.encode()) > _MOST_ANNOTATION_BYTES:
        raise errors.BadInput(
            f"[template.metadata.annotations] at most {_MOST_ANNOTATION_BYTES} bytes together", name="InvalidDataError"
        )


def _check_taint(taint: nodepools.Taint) -> None:
    _check_key(taint.key, "template.spec.taints.key")
    _check_value(taint.value, "template.spec.taints.value")
    if taint.effect not in _EFFECTS:
        raise errors.BadInput(
            f"[template.spec.taints.effect] Given data ({taint.effect[:64]}) is not valid for type "
            f"cloud.kube.TaintEffectEnum: one of {', '.join(_EFFECTS)}"
        )


def _check_key(key: str, what: str) -> None:
    prefix, slash, name = key.rpartition("/")
    good_prefix = not slash or (len(prefix) <= 253 and _PREFIX.fullmatch(prefix))
    if not good_prefix or len(name) > 63 or not _PART.fullmatch(name):
        raise errors.BadInput(
            f"[{what}] {key[:80]!r} is not a Kubernetes key ([prefix/]name, name with at most 63 letters, digits, "
            "'-', '_', '.')",
            name="InvalidDataError",
        )


def _check_value(value: str, what: str) -> None:
    if value and (len(value) > 63 or not _PART.fullmatch(value)):
        raise errors.BadInput(
            f"[{what}] {value[:80]!r} is not a Kubernetes label value (at most 63 letters, digits, '-', '_', '.')",
            name="InvalidDataError",
        )
