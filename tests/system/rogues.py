"""Credentials as somebody of the provider could make them who does not keep to the contract.

Everything that root on the provider's host can do: the records are opened beside the service that works with them.
"""

import asyncio
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from steward.domain import clusters
from steward.outside import certificates, clock, sealing
from steward.ports import certificates as certificates_
from steward.ports import guests
from steward.reconcile import credentials, issuances
from steward.storage import records
from tests.system import binaries
from tests.system.ordered import KUBECTL_SECONDS, Cluster

# Its name is one of every day; its group is not.
KEEPER = issuances.Identity(
    activity="3.2.2-4", purpose="nodes", groups=(issuances.GROUP, issuances.MASTERS), life=timedelta(minutes=10)
)


@dataclass(frozen=True)
class Rogue:
    cluster: Cluster
    folder: Path
    access: guests.Access

    def kubectl(self, *arguments: str) -> str:
        paths = {}
        texts = {"ca": self.access.authority, "crt": self.access.certificate, "key": self.access.key}
        for name, text in texts.items():
            paths[name] = self.folder / f"rogue.{name}"
            paths[name].write_text(text)
        flags = (
            f"--server={self.access.server}",
            f"--certificate-authority={paths['ca']}",
            f"--client-certificate={paths['crt']}",
            f"--client-key={paths['key']}",
        )
        command = [str(binaries.folder() / "kubectl"), *flags, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=KUBECTL_SECONDS)
        return done.stdout


def issued(cluster: Cluster, folder: Path) -> Rogue:
    """A credential that stands in the ledger, in the hands of somebody who does with it what is the customer's."""
    return Rogue(cluster, folder, asyncio.run(_access(cluster, noted=True)))


def forged(cluster: Cluster, folder: Path) -> Rogue:
    """A certificate of the cluster's own authority that nobody wrote down."""
    return Rogue(cluster, folder, asyncio.run(_access(cluster, noted=False)))


def with_pair(cluster: Cluster, folder: Path, certificate: str, key: str) -> Rogue:
    """Whoever holds these; it need not be a rogue."""
    access = guests.Access(
        cluster_id=clusters.ClusterId(cluster.id),
        server=f"https://{cluster.see()['url']}",
        authority=(cluster.places.credentials / "ca.crt").read_text(),
        certificate=certificate,
        key=key,
    )
    return Rogue(cluster, folder, access)


async def _access(cluster: Cluster, *, noted: bool) -> guests.Access:
    state = cluster.service.state
    kept = await records.open(f"sqlite:///{state / 'steward.db'}", sealing.FileKeySealing(state / "seal.key"))
    makes = certificates.EllipticCertificates(clock.SystemClock())
    try:
        async with kept.read() as work:
            found = await work.clusters.get(clusters.ClusterId(cluster.id))
            files = await credentials.load(work, clusters.ClusterId(cluster.id))
        assert found is not None
        keyring = issuances.Keyring(kept, clock.SystemClock(), makes)
        access = await keyring.access(found, cluster.network, files, KEEPER)
    finally:
        await kept.close()
    return access if noted else _forged(access, files, makes)


def _forged(access: guests.Access, files: dict[str, str], makes: certificates_.Certificates) -> guests.Access:
    authority = certificates_.KeyPair(key=files["ca.key"], certificate=files["ca.crt"])
    request = certificates_.Request(common_name="mallory", organizations=[issuances.MASTERS])
    pair = makes.issue(authority, request)
    return guests.Access(
        cluster_id=access.cluster_id,
        server=access.server,
        authority=access.authority,
        certificate=pair.certificate,
        key=pair.key,
    )
