"""How long a write of the provider in a customer's cluster stays unseen: from its answer to the finding in the API.

The writer is somebody of the provider with root: it opens the records beside the service and issues itself a
credential that is in the ledger, with rights that no identity of every day has.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network
from typing import Any

from bench import measures, probes, service
from bench.contenders import Sample
from bench.measures import Plan
from steward.domain import clusters, networks
from steward.outside import certificates, clock, sealing
from steward.ports import certificates as certificates_
from steward.reconcile import credentials, issuances
from steward.storage import records

WRITES = 20
_ROGUE = issuances.Identity(
    activity="3.2.2-4", purpose="nodes", groups=(issuances.GROUP, issuances.MASTERS), life=timedelta(minutes=20)
)


def detection(plan: Plan, served: service.Service) -> list[Sample]:
    client = served.client()
    made = measures.order(served, client, "bench", nodes=0)
    try:
        served.wait_ready(client, made["id"])
        rogue = probes.Api(asyncio.run(_kubeconfig(served, made["id"])))
        samples = [_found(served, made["id"], rogue, number) for number in range(WRITES)]
        rogue.close()
    finally:
        served.delete([made["id"]])
    worst = max(each["seconds"] for each in samples)
    plan.say(f"write of the provider to its finding   {worst:6.2f} s at worst, of {WRITES}")
    return samples


def _found(served: service.Service, cluster_id: str, rogue: probes.Api, number: int) -> Sample:
    # The log is looked at every second: writes at any moment between two looks.
    time.sleep(random.uniform(0, 1.5))
    name = f"planted-{number}"
    status, said = rogue.ask("POST", "/api/v1/namespaces/default/configmaps", _config_map(name))
    began = time.monotonic()
    if status != 201:
        raise service.Trouble(f"The write was answered {status}: {said[:200]!r}")
    path = f"/native/projects/{served.project}/kube/{cluster_id}/audit/findings"

    def there() -> bool:
        return any(each["name"] == name for each in served.native("GET", path))

    probes.until(there, within=60, every=0.05, what="the finding")
    return {"seconds": time.monotonic() - began}


def _config_map(name: str) -> Mapping[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


async def _kubeconfig(served: service.Service, cluster_id: str) -> str:
    kept = await records.open(
        f"sqlite:///{served.state / 'steward.db'}", sealing.FileKeySealing(served.state / "seal.key")
    )
    try:
        async with kept.read() as work:
            cluster = await work.clusters.get(clusters.ClusterId(cluster_id))
            files = await credentials.load(work, clusters.ClusterId(cluster_id))
        assert cluster is not None
        now = clock.SystemClock()
        keyring = issuances.Keyring(kept, now, certificates.EllipticCertificates(now))
        network = networks.Plan(IPv4Network(service.NETWORK)).cluster(cluster.slot)
        access = await keyring.access(cluster, network, files, _ROGUE)
    finally:
        await kept.close()
    pair = certificates_.KeyPair(key=access.key, certificate=access.certificate)
    return credentials.kubeconfig("bench", access.server, access.authority, pair, user=_ROGUE.user)
