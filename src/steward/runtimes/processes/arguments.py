"""The command lines of a control plane, as data: pure functions of what is wanted.

Paths are the host's; addresses are of the cluster's own namespace. Figures and reasons for the less
usual flags stand in docs/decisions/0005-processes-runtime.md.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path

from steward.domain import customizations, networks
from steward.ports import control_planes

ETCD_CLIENT = "https://127.0.0.1:2379"
ETCD_PEER = "https://127.0.0.1:2380"
ETCD_HTTP = "https://127.0.0.1:2382"
ETCD_METRICS = ("127.0.0.1", 2381)
AUDIT_LOG_MEGABYTES, AUDIT_LOGS_BEFORE, AUDIT_LOG_DAYS = 20, 4, 30
CIPHERS = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"


def etcd(wanted: control_planes.ControlPlane, *, data: Path, pki: Path) -> list[str]:
    return [
        "--name=etcd",
        f"--data-dir={data}",
        f"--listen-client-urls={ETCD_CLIENT}",
        f"--advertise-client-urls={ETCD_CLIENT}",
        # HTTP has an address of its own, because gRPC that shares one with it costs a quarter more of etcd's CPU.
        f"--listen-client-http-urls={ETCD_HTTP}",
        f"--listen-peer-urls={ETCD_PEER}",
        f"--initial-advertise-peer-urls={ETCD_PEER}",
        f"--initial-cluster=etcd={ETCD_PEER}",
        f"--listen-metrics-urls=http://{ETCD_METRICS[0]}:{ETCD_METRICS[1]}",
        f"--quota-backend-bytes={wanted.etcd_quota_bytes}",
        "--auto-compaction-mode=periodic",
        "--auto-compaction-retention=5m",
        f"--cert-file={pki}/etcd-server.crt",
        f"--key-file={pki}/etcd-server.key",
        f"--trusted-ca-file={pki}/etcd-ca.crt",
        "--client-cert-auth=true",
        f"--peer-cert-file={pki}/etcd-server.crt",
        f"--peer-key-file={pki}/etcd-server.key",
        f"--peer-trusted-ca-file={pki}/etcd-ca.crt",
        "--peer-client-cert-auth=true",
        # The election at its very first start is part of how long an order takes; costs 1.3 millicores.
        "--heartbeat-interval=50",
        "--election-timeout=500",
        "--logger=zap",
        "--log-level=warn",
    ]


ADVERTISED = "--advertise-address="


def api_server(
    wanted: control_planes.ControlPlane,
    *,
    pki: Path,
    audit_log: Path,
    audit_policy: Path,
    address: IPv4Address,
    login: Sequence[str] = (),
) -> list[str]:
    """`address` is where nodes and pods find it: one that no other API server of the cluster has at the time."""
    off = [each for each in customizations.PLUGINS if each not in wanted.admission_plugins]
    return [
        f"{ADVERTISED}{address}",
        "--bind-address=0.0.0.0",
        f"--secure-port={networks.API_PORT}",
        # A successor may listen beside it, so that a replacement refuses nobody.
        "--permit-port-sharing=true",
        "--shutdown-delay-duration=4s",
        # Without it watches hold one that is to end for a whole minute.
        "--shutdown-watch-termination-grace-period=5s",
        "--allow-privileged=true",
        "--authorization-mode=Node,RBAC",
        f"--enable-admission-plugins={','.join(wanted.admission_plugins)}",
        *([f"--disable-admission-plugins={','.join(off)}"] if off else []),
        "--enable-bootstrap-token-auth=true",
        "--enable-aggregator-routing=true",
        *login,
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        "--tls-min-version=VersionTLS12",
        f"--tls-cipher-suites={CIPHERS}",
        f"--etcd-servers={ETCD_CLIENT}",
        f"--etcd-cafile={pki}/etcd-ca.crt",
        f"--etcd-certfile={pki}/etcd-client.crt",
        f"--etcd-keyfile={pki}/etcd-client.key",
        f"--encryption-provider-config={pki}/encryption.yaml",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/kubelet-client.crt",
        f"--kubelet-client-key={pki}/kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--proxy-client-cert-file={pki}/front-proxy-client.crt",
        f"--proxy-client-key-file={pki}/front-proxy-client.key",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki}/service-account.pub",
        f"--service-account-signing-key-file={pki}/service-account.key",
        f"--service-cluster-ip-range={wanted.services}",
        "--profiling=false",
        *_audit(audit_log, audit_policy),
    ]


def _audit(log: Path, policy: Path) -> list[str]:
    return [
        f"--audit-policy-file={policy}",
        f"--audit-log-path={log}",
        # Written beside the requests, so that none waits for the disk, and within a second.
        "--audit-log-mode=batch",
        "--audit-log-batch-max-size=400",
        "--audit-log-batch-max-wait=1s",
        "--audit-log-batch-buffer-size=20000",
        f"--audit-log-maxsize={AUDIT_LOG_MEGABYTES}",
        f"--audit-log-maxbackup={AUDIT_LOGS_BEFORE}",
        f"--audit-log-maxage={AUDIT_LOG_DAYS}",
    ]


def advertised(pid: int) -> str:
    """The address that a running API server was told to advertise."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return ""
    return next((each.removeprefix(ADVERTISED) for each in words if each.startswith(ADVERTISED)), "")


def controller_manager(wanted: control_planes.ControlPlane, *, pki: Path) -> list[str]:
    return [
        "--bind-address=127.0.0.1",
        f"--kubeconfig={pki}/controller-manager.kubeconfig",
        f"--authentication-kubeconfig={pki}/controller-manager.kubeconfig",
        f"--authorization-kubeconfig={pki}/controller-manager.kubeconfig",
        # steward allots each node's pod range itself and writes it into the Node.
        "--allocate-node-cidrs=false",
        f"--cluster-cidr={wanted.pods}",
        f"--service-cluster-ip-range={wanted.services}",
        f"--client-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        f"--root-ca-file={pki}/ca.crt",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        f"--service-account-private-key-file={pki}/service-account.key",
        "--use-service-account-credentials=true",
        # Alone, so it need not elect itself every two seconds.
        "--leader-elect=false",
        # Its start makes about a hundred requests; at the default rate the first pod waits 5 s for them.
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--controllers=*,bootstrapsigner,tokencleaner",
        "--profiling=false",
    ]


def scheduler(*, pki: Path) -> list[str]:
    return [
        "--bind-address=127.0.0.1",
        f"--kubeconfig={pki}/scheduler.kubeconfig",
        f"--authentication-kubeconfig={pki}/scheduler.kubeconfig",
        f"--authorization-kubeconfig={pki}/scheduler.kubeconfig",
        "--leader-elect=false",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--profiling=false",
    ]
