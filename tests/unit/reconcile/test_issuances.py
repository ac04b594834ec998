"""Identities of minutes: issued when they are needed, in the ledger before that, and never those of another time."""

import asyncio
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Any

import pytest
from cryptography import x509

from steward.domain import clusters, errors, networks, projects, versions
from steward.outside import certificates
from steward.ports import guests
from steward.reconcile import issuances
from tests import fakes

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
NETWORK = networks.Plan(IPv4Network("100.64.0.0/12")).cluster(0)


class Ring:
    def __init__(self) -> None:
        self.clock = fakes.Clock(NOW)
        self.records = fakes.Records()
        self.makes = certificates.EllipticCertificates(self.clock)
        authority = self.makes.authority("an authority")
        self.files = {"ca.crt": authority.certificate, "ca.key": authority.key}
        self.keyring = self.again()
        self.cluster = clusters.Cluster(
            id=clusters.ClusterId("one"),
            project_id=projects.ProjectId("0" * 32),
            name="one",
            region="LOCAL1",
            version=versions.Version(1, 37, 2),
            pods=networks.DEFAULT_PODS,
            services=networks.DEFAULT_SERVICES,
            slot=0,
            installed_at=NOW,
            created_at=NOW,
            updated_at=NOW,
        )
        asyncio.run(self._save())

    async def _save(self) -> None:
        async with self.records.begin() as work:
            await work.clusters.save(self.cluster)

    def again(self) -> issuances.Keyring:
        return issuances.Keyring(self.records, self.clock, self.makes)

    def access(self, identity: issuances.Identity = issuances.PROBE, *at_once: Any) -> guests.Access:
        async def asked() -> list[guests.Access]:
            many = [self.keyring.access(self.cluster, NETWORK, self.files, identity) for _ in range(1 + len(at_once))]
            return await asyncio.gather(*many)

        found = asyncio.run(asked())
        assert len(set(found)) == 1
        return found[0]

    @property
    def noted(self) -> list[Any]:
        return list(self.records.kept["issuances"].values())


@pytest.fixture
def ring() -> Ring:
    return Ring()


def test_a_certificate_names_its_activity_and_purpose_and_lives_for_minutes(ring: Ring) -> None:
    access = ring.access()
    found = x509.load_pem_x509_certificate(access.certificate.encode())
    assert found.subject.rfc4514_string() == "CN=steward:3.1.1-1:probe,O=steward"
    assert found.not_valid_after_utc == NOW + issuances.LIFE
    (noted,) = ring.noted
    assert (noted.fingerprint, noted.user, noted.party) == (
        ring.makes.fingerprint(access.certificate),
        "steward:3.1.1-1:probe",
        errors.PROVIDER,
    )
    assert (noted.expires_at, access.user) == (found.not_valid_after_utc, noted.user)


def test_it_serves_until_it_nears_its_end(ring: Ring) -> None:
    first = ring.access()
    ring.clock.moment += issuances.LIFE - issuances.RENEW_BEFORE - timedelta(seconds=1)
    assert ring.access() == first
    ring.clock.moment += timedelta(seconds=1)
    assert ring.access() != first
    assert len(ring.noted) == 2


def test_all_that_ask_at_once_get_the_same_one(ring: Ring) -> None:
    ring.access(issuances.CANARY, None, None, None)
    assert len(ring.noted) == 1


@pytest.mark.parametrize("jump", [timedelta(days=-3), timedelta(minutes=-6), timedelta(days=400)])
def test_a_clock_that_jumped_makes_another_one(ring: Ring, jump: timedelta) -> None:
    first = ring.access()
    ring.clock.moment += jump
    second = ring.access()
    assert second != first
    found = x509.load_pem_x509_certificate(second.certificate.encode())
    assert found.not_valid_before_utc <= ring.clock.moment < found.not_valid_after_utc


def test_another_process_makes_another_one(ring: Ring) -> None:
    first = ring.access()
    ring.keyring = ring.again()
    assert ring.access() != first


def test_none_is_made_that_cannot_be_noted(ring: Ring) -> None:
    del ring.records.kept["clusters"][ring.cluster.id]
    with pytest.raises(errors.NotFound):
        ring.access()
    assert ring.keyring.held(ring.cluster.id, issuances.PROBE) is None


def test_masters_are_refused_once_the_cluster_is_installed(ring: Ring) -> None:
    with pytest.raises(errors.Unavailable, match="ends with the installation"):
        ring.access(issuances.BOOTSTRAP)


def test_what_is_forgotten_is_made_anew(ring: Ring) -> None:
    first = ring.access()
    ring.keyring.forget(ring.cluster.id)
    assert ring.access() != first


def test_the_projects_log_names_every_certificate(ring: Ring) -> None:
    access = ring.access()
    (entry,) = next(iter(ring.records.kept["ledger"].values()))
    assert ring.makes.fingerprint(access.certificate) in str(entry)
