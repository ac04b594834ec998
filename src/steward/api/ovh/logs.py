"""`/cloud/project/{id}/kube/{id}/log` and kinds of logs: subscriptions, and links under which a log is read a while."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import lists, requests
from steward.api.ovh.models import base
from steward.api.ovh.models import logs as logs_models
from steward.domain import errors
from steward.domain import logs as logs_
from steward.kit import times
from steward.operations import logs, projects
from steward.operations.logs import Where

TAIL = "/native/logs/tail"  # where links lead to

router = APIRouter(
    prefix="/cloud/project/{project_id}/kube/{cluster_id}",
    tags=["kube logs"],
    route_class=calls.SignedRoute,
    strict_content_type=False,
)
kinds = APIRouter(
    prefix="/cloud/project/{project_id}/capabilities/kube/log/kind",
    tags=["capabilities"],
    route_class=calls.SignedRoute,
)

Shape = dict[str, object]


class SubscriptionCreation(requests.Body, title="dbaas.logs.LogSubscriptionCreation"):
    """`dbaas.logs.LogSubscriptionCreation`."""

    kind: requests.Text
    streamId: base.Uuid


class UrlCreation(requests.Body, title="dbaas.logs.LogUrlCreation"):
    """`dbaas.logs.LogUrlCreation`."""

    kind: requests.Text


@kinds.get("", response_model=list[str])
async def every_kind(call: calls.Caller, request: Request, project_id: str) -> Response:
    await projects.get(call.context, call.actor, project_id=project_id)
    return answers.ok([_kind(each) if lists.expanded(request.headers) else each for each in logs_.KINDS])


@kinds.get("/{name}", response_model=logs_models.Kind)
async def one_kind(call: calls.Caller, project_id: str, name: str) -> Response:
    await projects.get(call.context, call.actor, project_id=project_id)
    if name not in logs_.KINDS:
        raise errors.NotFound(f"Log kind {name[:64]!r} does not exist", name="NotFoundError")
    return answers.ok(_kind(name))


def _kind(name: str) -> Shape:
    """`dbaas.logs.LogKind`."""
    return {
        "kindId": logs_.KIND_ID,
        "name": name,
        "displayName": "Audit logs of the API server",
        "additionalReturnedFields": [],
        "createdAt": times.rfc3339(logs_.KIND_SINCE),
        "updatedAt": times.rfc3339(logs_.KIND_SINCE),
    }


@router.get("/log/subscription", response_model=list[base.Uuid])
async def every(
    call: calls.Caller, request: Request, project_id: str, cluster_id: str, kind: str | None = None
) -> Response:
    where = Where(project_id=project_id, cluster_id=cluster_id)
    found = await logs.subscriptions(call.context, call.actor, where, kind=None if kind == "null" else kind)
    return answers.ok([subscription(each) if lists.expanded(request.headers) else each.id for each in found])


@router.post(
    "/log/subscription", response_model=logs_models.SubscriptionResponse, openapi_extra=calls.changes("log.subscribe")
)
async def subscribe(call: calls.Caller, project_id: str, cluster_id: str, body: SubscriptionCreation) -> Response:
    where = Where(project_id=project_id, cluster_id=cluster_id)
    begun = await logs.subscribe(call.context, call.actor, where, kind=body.kind, stream_id=body.streamId)
    return answers.ok(_begun(begun), calls.ignored(body))


@router.get("/log/subscription/{subscription_id}", response_model=logs_models.Subscription)
async def one(call: calls.Caller, project_id: str, cluster_id: str, subscription_id: str) -> Response:
    where = Where(project_id=project_id, cluster_id=cluster_id)
    return answers.ok(subscription(await logs.subscription(call.context, call.actor, where, subscription_id)))


@router.delete(
    "/log/subscription/{subscription_id}",
    response_model=logs_models.SubscriptionResponse,
    openapi_extra=calls.changes("log.unsubscribe"),
)
async def unsubscribe(call: calls.Caller, project_id: str, cluster_id: str, subscription_id: str) -> Response:
    where = Where(project_id=project_id, cluster_id=cluster_id)
    return answers.ok(_begun(await logs.unsubscribe(call.context, call.actor, where, subscription_id)))


@router.post("/log/url", response_model=logs_models.TemporaryLink, openapi_extra=calls.changes("log.link"))
async def url(call: calls.Caller, project_id: str, cluster_id: str, body: UrlCreation) -> Response:
    where = Where(project_id=project_id, cluster_id=cluster_id)
    return answers.ok(await _link(call, where, body.kind), calls.ignored(body))


@router.post("/auditLogs", response_model=logs_models.TemporaryLink, openapi_extra=calls.changes("log.link"))
async def audit_logs(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    """Deprecated by OVHcloud; clients send no body, or `{}`."""
    return answers.ok(await _link(call, Where(project_id=project_id, cluster_id=cluster_id), logs_.AUDIT))


async def _link(call: calls.Call, where: Where, kind: str) -> Shape:
    """`dbaas.logs.TemporaryLogsLink`."""
    made = await logs.link(call.context, call.actor, where, kind=kind)
    return {
        "url": f"{call.config.base_url}{TAIL}/{made.token}",
        "expirationDate": times.rfc3339(made.expires_at),
    }


def subscription(found: logs_.Subscription) -> Shape:
    """`dbaas.logs.LogSubscription`."""
    return {
        "subscriptionId": found.id,
        "kind": found.kind,
        "streamId": found.stream_id,
        "serviceName": logs_.service_name(found.account),
        "resource": {"name": found.cluster_id, "type": "kube"},
        "createdAt": times.rfc3339(found.created_at),
        "updatedAt": times.rfc3339(found.updated_at),
    }


def _begun(found: logs_.Operation) -> Shape:
    """`dbaas.logs.LogSubscriptionResponse`."""
    return {"operationId": found.id, "serviceName": logs_.service_name(found.account)}
