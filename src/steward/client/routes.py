"""Paths of the API, with every part that a person typed escaped."""

from urllib.parse import quote


def kube(project: str, *parts: str) -> str:
    return _joined("/cloud/project", project, "kube", *parts)


def capabilities(project: str, name: str) -> str:
    return _joined("/cloud/project", project, "capabilities", "kube", name)


def private_network(project: str, *parts: str) -> str:
    return _joined("/cloud/project", project, "network", "private", *parts)


def region(project: str, name: str, *parts: str) -> str:
    return _joined("/cloud/project", project, "region", name, *parts)


def cloud_operation(project: str, operation: str) -> str:
    return _joined("/cloud/project", project, "operation", operation)


def log_service(name: str, *parts: str) -> str:
    return _joined("/dbaas/logs", name, *parts)


def project(name: str) -> str:
    return _joined("/cloud/project", name)


def native_project(project: str, *parts: str) -> str:
    return _joined("/native/projects", project, *parts)


def native(*parts: str) -> str:
    return _joined("/native", *parts)


def native_notices(*parts: str) -> str:
    return _joined("/native/notices", *parts)


def native_incident(*parts: str) -> str:
    return _joined("/native/incidents", *parts)


def _joined(head: str, *parts: str) -> str:
    return "/".join((head, *(quote(part, safe="") for part in parts)))
