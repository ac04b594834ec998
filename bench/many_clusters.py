"""A service's API over a database of many clusters, without reconcilers: what lists of them cost.

`python -m bench.many_clusters PORT FOLDER OWN OTHERS` fills a database in FOLDER with OWN clusters of one project and
OTHERS of another one, prints the keys as JSON, and serves.
"""

import asyncio
import json
import logging
import sys
import uuid
from ipaddress import IPv4Network
from pathlib import Path

import structlog
import uvicorn
import uvloop

from steward.api import app
from steward.api.config import ApiConfig
from steward.domain import actors, clusters, conditions, networks, projects, versions
from steward.operations import context as context_
from steward.operations import credentials
from steward.operations import projects as projects_
from steward.outside import clock, passwords, sealing
from steward.runtimes.simulated import hosts, world
from steward.storage import records


async def serve(port: int, folder: Path, own: int, others: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    now = clock.SystemClock()
    kept = await records.open(f"sqlite:///{folder / 'many.db'}", sealing.FileKeySealing(folder / "seal.key"))
    context = context_.Context(
        records=kept,
        clock=now,
        host=hosts.SimulatedHost(world.World(clock=now)),
        passwords=passwords.Argon2Passwords(),
        wake=lambda subject: None,
    )
    made = []
    for account, count in (("own", own), ("others", others)):
        project = await projects_.create(context, actors.OPERATOR, account=projects.AccountId(account))
        application, credential = await credentials.issue(context, actors.OPERATOR, project_id=project.id)
        keys = {"key": application.key, "secret": application.secret, "consumer": credential.consumer_key}
        made.append({"project": project.id, **keys})
        await _fill(context, project.id, count, first=own if account == "others" else 0)
    sys.stdout.write(json.dumps(made[0]) + "\n")
    sys.stdout.flush()
    config = ApiConfig(
        base_url=f"http://127.0.0.1:{port}", operator_token="", network=networks.Plan(IPv4Network("100.64.0.0/10"))
    )
    settings = uvicorn.Config(
        app.create(context, config),
        host="127.0.0.1",
        port=port,
        http="httptools",
        access_log=False,
        log_config=None,
        lifespan="off",
    )
    await uvicorn.Server(settings).serve()


async def _fill(context: context_.Context, project_id: projects.ProjectId, count: int, *, first: int) -> None:
    now = context.clock.now()
    good = conditions.Condition(
        kind=conditions.Kind.READY,
        holds=True,
        reason=conditions.Reason.AS_WANTED,
        message="",
        whose_turn="provider",
        activity="2.1-1",
        since=now,
    )
    async with context.records.begin() as work:
        for number in range(first, first + count):
            cluster = clusters.Cluster(
                id=clusters.ClusterId(str(uuid.uuid4())),
                project_id=project_id,
                name=f"cluster-{number}",
                region="LOCAL1",
                version=versions.Version(1, 37, 2),
                pods=IPv4Network("10.2.0.0/16"),
                services=IPv4Network("10.3.0.0/16"),
                slot=number,
                conditions=(good,),
                installed_version=versions.Version(1, 37, 2),
                installed_at=now,
                created_at=now,
                updated_at=now,
            )
            await work.clusters.save(cluster)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as main:
        main.run(serve(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
