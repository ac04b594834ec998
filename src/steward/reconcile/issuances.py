"""steward's own ways into clusters, and the ledger of every client certificate that is issued for one.

An identity lives for minutes, has one purpose, and the rights of that purpose alone (`catalogue/addons/rbac.yaml`).
Its key is in memory only: a steward that starts anew, or whose clock jumped, issues another one. Each certificate is
in the ledger before anybody can use it; what the audit log shows and the ledger does not is a breach
(`reconcile/audits.py`).
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from steward.domain import audits, clusters, errors, ledgers, networks
from steward.ports import certificates, clock, guests, records

GROUP = "steward"  # of every identity of steward's own, so that the audit policy can name them all
MASTERS = "system:masters"
LIFE = timedelta(minutes=30)
RENEW_BEFORE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who steward is in a cluster while it does one thing."""

    activity: str
    purpose: str
    groups: tuple[str, ...] = (GROUP,)
    life: timedelta = LIFE

    @property
    def user(self) -> str:
        return f"steward:{self.activity}:{self.purpose}"


# Gives the others their rights, in the first minutes of a cluster's life; afterwards nobody has this one.
BOOTSTRAP = Identity(activity="2.1-1", purpose="bootstrap", groups=(GROUP, MASTERS), life=timedelta(minutes=15))
INSTALLER = Identity(activity="2.1-1", purpose="install")
NODE_KEEPER = Identity(activity="3.2.2-4", purpose="nodes")
PROBE = Identity(activity="3.1.1-1", purpose="probe")
CANARY = Identity(activity="3.1.1-1", purpose="canary")
ACCESSES = Identity(activity="3.1.2-2", purpose="accesses")
REGISTRAR = Identity(activity="3.1.2-2", purpose="certificates")
INVENTORY = Identity(activity="3.1.6-1", purpose="inventory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose a certificate is, and what it is for."""

    user: str
    party: str
    activity: str
    purpose: str


@dataclass(frozen=True, slots=True)
class _Held:
    access: guests.Access = field(repr=False)
    issued_at: datetime
    expires_at: datetime


class Ledger:
    """Writes certificates down. Called in the transaction that keeps them, or before they are used at all."""

    def __init__(self, clock: clock.Clock, makes: certificates.Certificates) -> None:
        self._clock = clock
        self._makes = makes

    def issuance(self, cluster_id: clusters.ClusterId, certificate: str, holder: Holder) -> audits.Issuance:
        now = self._clock.now()
        return audits.Issuance(
            fingerprint=self._makes.fingerprint(certificate),
            cluster_id=cluster_id,
            user=holder.user,
            party=holder.party,
            activity=holder.activity,
            purpose=holder.purpose,
            issued_at=now,
            expires_at=now + self._makes.remaining(certificate),
        )

    def signed_inside(self, cluster_id: clusters.ClusterId, request: str, certificate: str) -> audits.Issuance:
        """A certificate of the cluster's own signing API, which is the customer's. ValueError where it is none."""
        holder = Holder(
            user=self._makes.user(certificate), party=errors.CUSTOMER, activity="3.1.2-3", purpose=f"csr:{request}"
        )
        return self.issuance(cluster_id, certificate, holder)

    async def note(
        self, work: records.Work, cluster: clusters.Cluster, issued: Iterable[tuple[str, Holder]]
    ) -> list[audits.Issuance]:
        """Those that are written down already are left as they are."""
        made: list[audits.Issuance] = []
        for certificate, holder in issued:
            issuance = self.issuance(cluster.id, certificate, holder)
            if await work.issuances.get(issuance.fingerprint) is None:
                await work.issuances.put(issuance)
                made.append(issuance)
        if made:
            await work.ledger.append(ledgers.log_of(cluster.project_id), _draft(cluster, made, self._clock.now()))
        return made


class Keyring:
    """The identities that are valid now. One per steward, asked before each use."""

    def __init__(self, kept: records.Records, clock: clock.Clock, makes: certificates.Certificates) -> None:
        self._records = kept
        self._clock = clock
        self._makes = makes
        self._ledger = Ledger(clock, makes)
        self._held: dict[clusters.ClusterId, dict[str, _Held]] = {}
        self._locks: dict[clusters.ClusterId, asyncio.Lock] = {}

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    async def access(
        self,
        cluster: clusters.Cluster,
        network: networks.ClusterNetwork,
        files: Mapping[str, str],
        identity: Identity,
    ) -> guests.Access:
        """`files` hold the cluster's authority. The certificate is in the ledger when this returns."""
        known = self.held(cluster.id, identity)
        if known is not None and known.authority == files["ca.crt"]:
            return known
        async with self._locks.setdefault(cluster.id, asyncio.Lock()):
            held = self._valid(cluster.id, identity)
            if held is None or held.access.authority != files["ca.crt"]:
                held = await self._issue(cluster, network, files, identity)
                self._held.setdefault(cluster.id, {})[identity.user] = held
        return held.access

    def held(self, cluster_id: clusters.ClusterId, identity: Identity) -> guests.Access | None:
        """One that is valid for a while yet: asked often, this spares the reading of the cluster's keys."""
        held = self._valid(cluster_id, identity)
        return None if held is None else held.access

    def forget(self, cluster_id: clusters.ClusterId) -> None:
        self._held.pop(cluster_id, None)
        self._locks.pop(cluster_id, None)

    def _valid(self, cluster_id: clusters.ClusterId, identity: Identity) -> _Held | None:
        """None also where the clock went back: a certificate of the future is refused."""
        held = self._held.get(cluster_id, {}).get(identity.user)
        now = self._clock.now()
        if held is None or not held.issued_at <= now < held.expires_at - min(RENEW_BEFORE, identity.life / 3):
            return None
        return held

    async def _issue(
        self,
        cluster: clusters.Cluster,
        network: networks.ClusterNetwork,
        files: Mapping[str, str],
        identity: Identity,
    ) -> _Held:
        if identity == BOOTSTRAP and cluster.installed_at is not None and not is_of_before(files):
            raise errors.Unavailable(
                f"{identity.user} ends with the installation of a cluster, and this one is past it"
            )
        pair = self._makes.issue(
            certificates.KeyPair(key=files["ca.key"], certificate=files["ca.crt"]),
            certificates.Request(common_name=identity.user, organizations=identity.groups, valid_for=identity.life),
        )
        holder = Holder(user=identity.user, party=errors.PROVIDER, activity=identity.activity, purpose=identity.purpose)
        async with self._records.begin() as work:
            if await work.clusters.get(cluster.id) is None:
                raise errors.NotFound(f"Cluster {cluster.id} is gone; nobody enters it any more")
            (issuance,) = await self._ledger.note(work, cluster, [(pair.certificate, holder)])
        access = guests.Access(
            cluster_id=cluster.id,
            server=f"https://{network.api_address}:{networks.API_PORT}",
            authority=files["ca.crt"],
            certificate=pair.certificate,
            key=pair.key,
            user=identity.user,
        )
        return _Held(access, issuance.issued_at, issuance.expires_at)


def is_of_before(files: Mapping[str, str]) -> bool:
    """Whether the cluster is from before identities were short-lived: its rights are still to be given."""
    return "installer.crt" in files


def _draft(cluster: clusters.Cluster, made: Iterable[audits.Issuance], now: datetime) -> ledgers.Draft:
    """Users are names of programs and of kubeconfigs, not of people."""
    return ledgers.Draft(
        kind="issuance",
        at=now,
        activity="3.1.2-2",
        subject=f"cluster:{cluster.id}",
        facts={
            "certificates": [
                {
                    "fingerprint": each.fingerprint,
                    "user": each.user,
                    "party": each.party,
                    "activity": each.activity,
                    "purpose": each.purpose,
                    "expiresAt": each.expires_at.isoformat(),
                }
                for each in made
            ]
        },
    )
