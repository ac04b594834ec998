"""A control plane on loopback, without nodes: etcd, API server and controller-manager as children of the test."""

import base64
import contextlib
import ipaddress
import json
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from steward.domain import clusters
from steward.outside import certificates as certificates_
from steward.ports import certificates, guests
from tests.system import binaries

SERVICES = ipaddress.IPv4Network("10.3.0.0/16")
ADMINISTRATORS = "system:masters"


class Ahead:
    """The machine's clock, moved."""

    def __init__(self, by: timedelta = timedelta()) -> None:
        self._by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing in here sleeps")


class ControlPlane:
    """Make one with `running()`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.maker = certificates_.EllipticCertificates(Ahead())
        self.authority = self.maker.authority("kubernetes")
        self.etcd, self.etcd_peer, self.port, self.controllers_port = _free_ports(4)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def access(self, user: str, *groups: str, authority: certificates.KeyPair | None = None) -> guests.Access:
        request = certificates.Request(common_name=user, organizations=groups)
        return self.access_with(self.maker.issue(authority or self.authority, request))

    def access_with(self, leaf: certificates.KeyPair) -> guests.Access:
        return guests.Access(
            cluster_id=clusters.ClusterId("loopback"),
            server=self.server,
            authority=self.authority.certificate,
            certificate=leaf.certificate,
            key=leaf.key,
        )

    def administrator(self) -> guests.Access:
        return self.access("steward:1.1-1:install", ADMINISTRATORS)

    def start(self) -> None:
        self._write_files()
        self._start("etcd", self._etcd())
        self._start("kube-apiserver", self._api_server())
        self._start("kube-controller-manager", self._controller_manager())

    def restart_api_server(self) -> None:
        self.processes["kube-apiserver"].kill()
        self.processes["kube-apiserver"].wait()
        self._start("kube-apiserver", self._api_server())

    def _start(self, program: str, arguments: list[str]) -> None:
        with (self.folder / f"{program}.log").open("ab") as log:
            self.processes[program] = subprocess.Popen(
                [program, *arguments], executable=binaries.folder() / program, stdout=log, stderr=log
            )

    def stop(self) -> None:
        """The API server before etcd: without it, it takes a minute to end."""
        for program in reversed(self.processes):
            self.processes[program].kill()
            self.processes[program].wait()

    def _write_files(self) -> None:
        self._write_pair("ca", self.authority)
        etcd_authority = self.maker.authority("etcd-ca")
        self._write_pair("etcd-ca", etcd_authority)
        etcd = certificates.Request(common_name="etcd", names=["127.0.0.1", "localhost"])
        self._write_pair("etcd", self.maker.issue(etcd_authority, etcd))
        names = ["127.0.0.1", "localhost", "kubernetes.default.svc", str(SERVICES.network_address + 1)]
        api = certificates.Request(common_name="kube-apiserver", names=names, client=False)
        self._write_pair("apiserver", self.maker.issue(self.authority, api))
        self._write_pair("service-account", self.maker.signing_key())
        controllers = self.access("system:kube-controller-manager")
        (self.folder / "controller-manager.kubeconfig").write_text(json.dumps(_kubeconfig(controllers)))

    def _write_pair(self, name: str, pair: certificates.KeyPair) -> None:
        (self.folder / f"{name}.crt").write_text(pair.certificate)
        (self.folder / f"{name}.key").write_text(pair.key)

    def _etcd(self) -> list[str]:
        url, peer = f"https://127.0.0.1:{self.etcd}", f"https://127.0.0.1:{self.etcd_peer}"
        return [
            "--name=etcd",
            f"--data-dir={self.folder}/data",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=etcd={peer}",
            f"--cert-file={self.folder}/etcd.crt",
            f"--key-file={self.folder}/etcd.key",
            f"--trusted-ca-file={self.folder}/etcd-ca.crt",
            "--client-cert-auth=true",
            f"--peer-cert-file={self.folder}/etcd.crt",
            f"--peer-key-file={self.folder}/etcd.key",
            f"--peer-trusted-ca-file={self.folder}/etcd-ca.crt",
            "--peer-client-cert-auth=true",
            "--log-level=warn",
        ]

    def _api_server(self) -> list[str]:
        return [
            "--advertise-address=127.0.0.1",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port}",
            # A node lease of loopback is no endpoint that anybody may use.
            "--endpoint-reconciler-type=none",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=AlwaysPullImages,NodeRestriction",
            f"--client-ca-file={self.folder}/ca.crt",
            f"--tls-cert-file={self.folder}/apiserver.crt",
            f"--tls-private-key-file={self.folder}/apiserver.key",
            f"--etcd-servers=https://127.0.0.1:{self.etcd}",
            f"--etcd-cafile={self.folder}/etcd-ca.crt",
            f"--etcd-certfile={self.folder}/etcd.crt",
            f"--etcd-keyfile={self.folder}/etcd.key",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={self.folder}/service-account.crt",
            f"--service-account-signing-key-file={self.folder}/service-account.key",
            f"--service-cluster-ip-range={SERVICES}",
        ]

    def _controller_manager(self) -> list[str]:
        return [
            "--bind-address=127.0.0.1",
            f"--secure-port={self.controllers_port}",
            f"--kubeconfig={self.folder}/controller-manager.kubeconfig",
            f"--root-ca-file={self.folder}/ca.crt",
            f"--service-account-private-key-file={self.folder}/service-account.key",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
        ]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[ControlPlane]:
    plane = ControlPlane(folder)
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()


def _free_ports(count: int) -> list[int]:
    """Free at this moment; all held until all are known, so that no two are the same."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _kubeconfig(access: guests.Access) -> dict[str, object]:
    def data(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    cluster = {"server": access.server, "certificate-authority-data": data(access.authority)}
    user = {"client-certificate-data": data(access.certificate), "client-key-data": data(access.key)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": user}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    }
