"""Asks a cluster's API server whether it serves, from inside the cluster's own network (decision 4).

| Rule | Mandatory |
|---|---|
| every probe is a new connection: TCP, TLS against the cluster's own authority, `/readyz`, one authorised list | yes |
| no failure raises: what went wrong is what was seen | yes |
| a probe ends within `PATIENCE`, whatever the API server does | yes |
| restrictions of the API by source address do not reach it | yes |
"""

from dataclasses import dataclass
from typing import Protocol

from steward.domain import availability, networks
from steward.ports import guests

AGENT, PROOF_AGENT = "steward (probe)", "steward (proof of the end of an access)"
PATIENCE = 10.0  # seconds
# The provider's own object: the lease of the controller manager, which is renewed in etcd all the time.
LISTED = (
    "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases?fieldSelector=metadata.name%3Dkube-controller-manager"
)
# What each scope of break-glass may do and nobody without rights may.
TRIED = "/api/v1/namespaces?limit=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    access: guests.Access
    network: networks.ClusterNetwork


class Probes(Protocol):
    async def probe(self, target: Target) -> availability.Sighting: ...

    async def attempt(self, target: Target) -> int:
        """The status that a call with these credentials is answered, which takes rights to succeed.

        `guests.NotAnswering` where nobody answered: then nothing is known of the credentials.
        """
        ...

    async def close(self) -> None: ...
