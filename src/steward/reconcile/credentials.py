"""The keys and certificates of a cluster: who has one, for what, and where it is kept.

Everything is made once, kept sealed in the records, and handed to the runtime as files. Leaves that come
near their end are issued anew under the same authorities; authorities live as long as the cluster.
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

import yaml

from steward.domain import clusters, errors, networks, nodes
from steward.ports import certificates, records
from steward.reconcile import issuances

FILES = "control-plane-files"
KUBECONFIG = "admin-kubeconfig"
GENERATION = "generation"  # beside the files: how often they had been ordered anew when they were made
RIGHTS = "rights.applied"  # beside the files: the digest of the rights that steward has in the cluster
SERVICES = "services.applied"  # beside the files, likewise: of the services that were installed in it
RENEW_BEFORE = timedelta(days=60)
KUBELET_CLIENT = "steward:3.1.1-1:kubelet-client"
ADMIN = "kubernetes-admin"
AUTHORITIES = ("ca", "etcd-ca", "front-proxy-ca")
_OUTLIVING = frozenset({"service-account.pub", "service-account.key", "encryption.yaml", RIGHTS, SERVICES})

_HOLDERS: Mapping[str, issuances.Holder] = {
    "admin": issuances.Holder(user=ADMIN, party=errors.CUSTOMER, activity="3.1.2-3", purpose="kubeconfig"),
    "kubelet-client": issuances.Holder(
        user=KUBELET_CLIENT, party=errors.PROVIDER, activity="3.1.1-1", purpose="kubelet-client"
    ),
    "controller-manager": issuances.Holder(
        user="system:kube-controller-manager", party=errors.PROVIDER, activity="3.1.1-1", purpose="controller-manager"
    ),
    "scheduler": issuances.Holder(
        user="system:kube-scheduler", party=errors.PROVIDER, activity="3.1.1-1", purpose="scheduler"
    ),
}
_KUBE_PROXY = issuances.Holder(
    user="system:kube-proxy", party=errors.PROVIDER, activity="3.2.2-4", purpose="kube-proxy"
)


@dataclass(frozen=True, slots=True)
class _Leaf:
    authority: str
    request: certificates.Request


def make(
    cluster: clusters.Cluster,
    network: networks.ClusterNetwork,
    makes: certificates.Certificates,
    before: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """All files of a new control plane, or of one that stands and is given new keys.

    Of those before, what was encrypted with stays readable, and tokens of service accounts stay valid: they name no
    authority.
    """
    files = {name: text for name, text in before.items() if name in _OUTLIVING}
    files[GENERATION] = str(cluster.node_generation)
    for name in AUTHORITIES:
        authority = makes.authority(f"{name} of {cluster.id}")
        files[f"{name}.crt"], files[f"{name}.key"] = authority.certificate, authority.key
    if "service-account.key" not in files:
        signing = makes.signing_key()
        files["service-account.pub"], files["service-account.key"] = signing.certificate, signing.key
        files["encryption.yaml"] = _encryption()
    renew(files, cluster, network, makes, all_of_them=True)
    return files


def renew(
    files: dict[str, str],
    cluster: clusters.Cluster,
    network: networks.ClusterNetwork,
    makes: certificates.Certificates,
    *,
    all_of_them: bool = False,
) -> bool:
    """Issue the leaves that are missing, near their end or for other names than they are to have; whether any was."""
    changed = False
    for name, leaf in _leaves(cluster, network).items():
        present = files.get(f"{name}.crt")
        if present and not all_of_them and _is_good(makes, present, leaf.request):
            continue
        pair = makes.issue(_pair(files, leaf.authority), leaf.request)
        files[f"{name}.crt"], files[f"{name}.key"] = pair.certificate, pair.key
        changed = True
    return changed


def _is_good(makes: certificates.Certificates, present: str, wanted: certificates.Request) -> bool:
    if makes.remaining(present) <= RENEW_BEFORE:
        return False
    return not wanted.names or set(wanted.names) <= makes.names(present)  # most serve nobody, and are not parsed again


def generation(files: Mapping[str, str]) -> int:
    """Which of the cluster's orders of new keys they were made for."""
    return int(files.get(GENERATION, "0"))


def for_runtime(files: Mapping[str, str]) -> dict[str, str]:
    """Those that programs of the control plane read; the customer's and steward's notes stay in the records."""
    own = ("installer.", "node-keeper.", "admin.", RIGHTS, SERVICES, GENERATION)
    return {name: text for name, text in files.items() if not name.startswith(own)}


def node_files(
    files: Mapping[str, str],
    node: nodes.Node,
    network: networks.ClusterNetwork,
    makes: certificates.Certificates,
) -> dict[str, str]:
    """What a node's programs prove themselves with."""
    authority = _pair(files, "ca")
    addresses = [str(network.node_address(node.number))]
    if node.private_address is not None:
        addresses.append(str(node.private_address))
    requests = {
        "kubelet": certificates.Request(common_name=f"system:node:{node.name}", organizations=["system:nodes"]),
        "kubelet-server": certificates.Request(
            common_name=node.name, names=[node.name, *addresses, "127.0.0.1"], client=False
        ),
        "kube-proxy": certificates.Request(common_name="system:kube-proxy"),
    }
    made = {"ca.crt": files["ca.crt"]}
    for name, request in requests.items():
        pair = makes.issue(authority, request)
        made[f"{name}.crt"], made[f"{name}.key"] = pair.certificate, pair.key
    return made


def without_long_lived(files: Mapping[str, str]) -> dict[str, str]:
    """Earlier releases kept identities of steward's own that were valid for a year."""
    return {name: text for name, text in files.items() if not name.startswith(("installer.", "node-keeper."))}


def issued(files: Mapping[str, str]) -> list[tuple[str, issuances.Holder]]:
    """The client certificates among a control plane's files that the cluster's API would let in, and whose they are."""
    return _issued(files, _HOLDERS)


def issued_to_node(files: Mapping[str, str], node: nodes.Node) -> list[tuple[str, issuances.Holder]]:
    kubelet = issuances.Holder(
        user=f"system:node:{node.name}", party=errors.PROVIDER, activity="3.2.2-4", purpose="kubelet"
    )
    return _issued(files, {"kubelet": kubelet, "kube-proxy": _KUBE_PROXY})


def _issued(files: Mapping[str, str], holders: Mapping[str, issuances.Holder]) -> list[tuple[str, issuances.Holder]]:
    return [(files[f"{name}.crt"], holder) for name, holder in holders.items() if f"{name}.crt" in files]


def admin_kubeconfig(files: Mapping[str, str], cluster: clusters.Cluster, network: networks.ClusterNetwork) -> str:
    """The customer's; the same until it is reset."""
    return kubeconfig(
        cluster.name,
        f"https://{network.served_at}",
        files["ca.crt"],
        _pair(files, "admin"),
        user=f"kubernetes-admin-{cluster.name}",
        context=f"kubernetes-admin@{cluster.name}",
    )


def kubeconfig(
    name: str, server: str, authority: str, pair: certificates.KeyPair, *, user: str, context: str = ""
) -> str:
    """YAML in the layout of OVHcloud's own."""
    context = context or f"{user}@{name}"
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "preferences": {},
            "current-context": context,
            "clusters": [
                {"name": name, "cluster": {"certificate-authority-data": _encoded(authority), "server": server}}
            ],
            "contexts": [{"name": context, "context": {"cluster": name, "user": user}}],
            "users": [
                {
                    "name": user,
                    "user": {
                        "client-certificate-data": _encoded(pair.certificate),
                        "client-key-data": _encoded(pair.key),
                    },
                }
            ],
        },
        sort_keys=False,
    )


async def load(work: records.Work, owner: str) -> dict[str, str]:
    """The files of a cluster or of a node; empty before they were made."""
    plain = await work.secrets.get(owner, FILES)
    loaded: dict[str, str] = json.loads(plain) if plain else {}
    return loaded


async def keep(work: records.Work, owner: str, files: Mapping[str, str]) -> None:
    await work.secrets.put(owner, FILES, json.dumps(files).encode())


def _leaves(cluster: clusters.Cluster, network: networks.ClusterNetwork) -> Mapping[str, _Leaf]:
    request = certificates.Request
    api_names = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "localhost",
        "127.0.0.1",
        fully_qualified(cluster),
        network.served_host,
        str(network.api_address),
        str(network.gateway),
        str(networks.service_address(cluster.services, 1)),
    ]
    return {
        "etcd-server": _Leaf("etcd-ca", request(common_name="etcd", names=["localhost", "127.0.0.1"])),
        "etcd-client": _Leaf("etcd-ca", request(common_name="kube-apiserver")),
        "apiserver": _Leaf("ca", request(common_name="kube-apiserver", names=api_names, client=False)),
        "kubelet-client": _Leaf("ca", request(common_name=KUBELET_CLIENT)),
        "front-proxy-client": _Leaf("front-proxy-ca", request(common_name="front-proxy-client")),
        "controller-manager": _Leaf("ca", request(common_name="system:kube-controller-manager")),
        "scheduler": _Leaf("ca", request(common_name="system:kube-scheduler")),
        "admin": _Leaf(
            "ca",
            request(common_name=ADMIN, organizations=[issuances.MASTERS], valid_for=timedelta(days=3650)),
        ),
    }


def fully_qualified(cluster: clusters.Cluster) -> str:
    """The name that stands in the certificate beside the address."""
    return f"{cluster.id.replace('-', '')[:6]}.{cluster.region.lower()}.k8s.steward.internal"


def _pair(files: Mapping[str, str], name: str) -> certificates.KeyPair:
    return certificates.KeyPair(key=files[f"{name}.key"], certificate=files[f"{name}.crt"])


def _encryption() -> str:
    key = base64.b64encode(os.urandom(32)).decode()
    return yaml.safe_dump(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [
                {
                    "resources": ["*.*"],
                    "providers": [{"secretbox": {"keys": [{"name": "first", "secret": key}]}}, {"identity": {}}],
                }
            ],
        }
    )


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
