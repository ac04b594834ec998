"""Facts inside a cluster that only a change of the cluster itself can make true."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from steward.runtimes.processes import places
from tests.openid import provider
from tests.system import ordered, outside
from tests.system.ordered import Cluster

KUBECTL = provider.Client(id="kubectl")
ANNA = provider.Account(
    claims={"email": "anna@customer.example", "email_verified": True, "groups": ["shop"], "roles": ["lead"]}
)
ISSUER_PORT = 8443


def policy(cluster: Cluster) -> str:
    """What becomes of a pod that pulls its image only where it is missing."""
    pod = ordered.pod("never-made")
    pod["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent"
    made = json.loads(cluster.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=pod))
    return str(made["spec"]["containers"][0]["imagePullPolicy"])


def who(cluster: Cluster, token: str) -> dict[str, Any]:
    """As kubectl says it, with this token and no certificate; empty where the API server knows nobody by it."""
    config = yaml.safe_load(cluster.kubeconfig().read_text())
    config["users"][0]["user"] = {"token": token}
    path = cluster.service.folder / "login.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    command = [cluster.command()[0], "--kubeconfig", str(path), "auth", "whoami", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return dict(json.loads(done.stdout)["status"]["userInfo"]) if done.returncode == 0 else {}


@contextmanager
def issuing(folder: Path) -> Iterator[provider.Provider]:
    """An OpenID provider outside, where `outside` stands already."""
    tls = provider.certified(folder, outside.ADDRESS)
    within = ["nsenter", f"--net=/run/netns/{outside.NAMESPACE}"]
    where = provider.Where(at=f"{outside.ADDRESS}:{ISSUER_PORT}", tls=tls, within=within)
    with provider.running(folder, {"anna": ANNA}, [KUBECTL], where) as made:
        yield made


def authority_of(issuer: provider.Provider) -> str:
    """As OVHcloud's API takes it."""
    assert issuer.tls is not None
    return base64.b64encode(issuer.tls.authority.read_bytes()).decode()


def etcd_size(cluster: Cluster) -> int:
    """Bytes, as etcd itself says."""
    pki = cluster.places.credentials
    code = (
        "import json, ssl, urllib.request\n"
        f"context = ssl.create_default_context(cafile={str(pki / 'etcd-ca.crt')!r})\n"
        f"context.load_cert_chain({str(pki / 'etcd-client.crt')!r}, {str(pki / 'etcd-client.key')!r})\n"
        "request = urllib.request.Request('https://127.0.0.1:2382/v3/maintenance/status', data=b'{}')\n"
        "print(urllib.request.urlopen(request, context=context).read().decode())\n"
    )
    space = places.namespace_path(cluster.service.spot.namespace(cluster.slot))
    command = ["nsenter", f"--net={space}", sys.executable, "-c", code]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return int(said["dbSize"])


def authority(kubeconfig: str) -> str:
    (found,) = yaml.safe_load(kubeconfig)["clusters"]
    return str(found["cluster"]["certificate-authority-data"])


def refusal(cluster: Cluster, kubeconfig: str, *, blindly: bool = False) -> str:
    """Why kubectl is not let in with it; `blindly`, whoever the server is."""
    config = yaml.safe_load(kubeconfig)
    if blindly:
        for each in config["clusters"]:
            each["cluster"].pop("certificate-authority-data")
            each["cluster"]["insecure-skip-tls-verify"] = True
    path = cluster.service.folder / "old.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    command = [each if each != str(cluster.kubeconfig()) else str(path) for each in cluster.command("get", "nodes")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0, done.stdout
    return done.stderr


def addresses(cluster: Cluster) -> set[str]:
    """What its nodes are known by in the cluster itself."""
    found = [each for node in cluster.find("nodes")["items"] for each in node["status"]["addresses"]]
    return {str(each["address"]) for each in found if each["type"] == "InternalIP"}


def node_space(cluster: Cluster, node_id: str) -> str:
    """The node's network namespace."""
    return cluster.service.spot.node_namespace(cluster.slot, int(cluster.node_facts(node_id)["number"]))


def default_route(cluster: Cluster, node_id: str) -> str:
    shown = subprocess.run(
        ["ip", "-n", node_space(cluster, node_id), "-j", "route", "show", "default"], capture_output=True, check=True
    )
    return str(json.loads(shown.stdout)[0]["gateway"])
