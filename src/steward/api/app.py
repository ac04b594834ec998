"""The application: all routes behind the edge. Bootstrap calls `create` and serves what it returns."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp

from steward import __version__
from steward.api import authentication, calls, edge, errors, kept, limits, readers
from steward.api import config as config_
from steward.api.console import routers as console
from steward.api.description import routes as description
from steward.api.native import (
    accesses,
    accounts,
    attestations,
    audits,
    contracts,
    coverage,
    decisions,
    delegations,
    events,
    health,
    incidents,
    ledgers,
    log_streams,
    log_tails,
    notices,
    outages,
    people,
    quotas,
    risks,
    sessions,
    tickets,
    tokens,
    webhooks,
)
from steward.api.native import projects as native_projects
from steward.api.ovh import (
    auth,
    capabilities,
    cluster_networks,
    clusters,
    customizations,
    flavors,
    keystone,
    logs,
    me,
    nodepools,
    nodes,
    oauth2,
    openidconnects,
    planes,
    private_networks,
    projects,
    renewals,
    replays,
    restrictions,
    validation,
)
from steward.api.ovh import log_streams as ovh_log_streams
from steward.operations import context as context_

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

# Routes are looked for in this order: first what is asked for most.
ROUTERS = (
    clusters.router,
    customizations.router,
    openidconnects.router,
    planes.router,
    renewals.router,
    nodepools.router,
    nodes.router,
    restrictions.router,
    cluster_networks.router,
    auth.unsigned,
    auth.signed,
    oauth2.router,
    keystone.router,
    me.router,
    validation.router,
    projects.router,
    private_networks.router,
    capabilities.router,
    logs.router,
    logs.kinds,
    ovh_log_streams.router,
    log_tails.router,
    log_streams.router,
    log_streams.of_cluster,
    flavors.router,
    description.router,
    health.router,
    notices.router,
    notices.of_project,
    notices.oneself,
    webhooks.router,
    events.router,
    audits.router,
    accesses.router,
    accesses.of_cluster,
    quotas.router,
    quotas.all_of_them,
    tickets.router,
    tickets.all_of_them,
    incidents.router,
    incidents.of_project,
    outages.router,
    outages.published,
    ledgers.router,
    ledgers.own,
    coverage.router,
    attestations.router,
    attestations.fleet,
    risks.router,
    native_projects.router,
    native_projects.validation,
    contracts.router,
    contracts.of_project,
    delegations.router,
    decisions.router,
    accounts.router,
    people.unsigned,
    people.router,
    people.oneself,
    tokens.router,
    sessions.unsigned,
    sessions.router,
    *console.ROUTERS,
)


def create(context: context_.Context, config: config_.ApiConfig, lifespan: Lifespan | None = None) -> ASGIApp:
    """What a server runs."""
    allowed = limits.Limits(
        known=limits.Buckets(config.request_rate, config.request_burst),
        strangers=limits.Buckets(config.stranger_rate, config.stranger_burst),
    )
    app = _application(context, config, lifespan, allowed)
    return edge.Edge(app, config, context.clock.now, allowed, lambda path: _methods(app, path))


def _methods(app: FastAPI, path: str) -> frozenset[str]:
    """All of a path, whichever routes have them."""
    fitting = [each for each in app.router.routes if isinstance(each, Route) and each.path_regex.match(path)]
    return frozenset(method for each in fitting for method in each.methods or ())


def _application(
    context: context_.Context, config: config_.ApiConfig, lifespan: Lifespan | None, allowed: limits.Limits
) -> FastAPI:
    app = FastAPI(
        title="steward",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # steward has metrics and logs of its own; these would double them, with request bodies inside.
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.wiring = calls.Wiring(
        context=context,
        config=config,
        authentication=authentication.Authentication(context, config),
        replays=replays.Replays(),
        limits=allowed,
        kept=kept.KeptAnswers(context.records),
        readers=readers.Readers(),
    )
    for router in ROUTERS:
        # As they are, not by `include_router`: that builds every route a second time and adds a level to each look-up.
        app.router.routes.extend(router.routes)
    errors.add_handlers(app)
    return app
