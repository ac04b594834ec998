"""What a node's box holds: its root, its files, and the command lines of its programs.

Pure functions of what is wanted. The box is entered by `launch.py`, its programs are kept running by
`machines.py`. A box shares the host's kernel: it is no boundary between customers who distrust each other.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from steward.domain import clusters, customizations, durations, flavors, networks, nodes
from steward.ports import machines

PKI = "/etc/kubernetes/pki"
PROXY_CONFIGURATION = "etc/kubernetes/kube-proxy.yaml"
EVICT_MEMORY_MB = 100
EVICT_DISK_GB = 1
MOST_PODS = 110
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_FROM_HOST = ("/etc/alternatives", "/etc/ssl", "/etc/ca-certificates", "/etc/protocols", "/etc/services")


def binds(programs: Sequence[Path]) -> list[tuple[str, str]]:
    """What of the host is seen in the box, read-only, at the same place."""
    seen = [Path("/usr"), *(Path(each) for each in _FROM_HOST), *programs]
    seen += [Path("/", name) for name in _MERGED if os.path.isdir(f"/{name}") and not os.path.islink(f"/{name}")]
    return [(str(each), str(each)) for each in seen if each.exists()]


def links_of_root() -> Mapping[str, str]:
    """`/bin` and its like, where the host has them as links into /usr."""
    return {name: os.readlink(f"/{name}") for name in _MERGED if os.path.islink(f"/{name}")}


def host_files(wanted: machines.Machine, resolvers: Sequence[IPv4Address]) -> Mapping[str, str]:
    """The few files of /etc that programs look for."""
    return {
        "etc/hostname": f"{wanted.name}\n",
        "etc/hosts": f"127.0.0.1 localhost\n::1 localhost\n{wanted.address} {wanted.name}\n",
        "etc/machine-id": nodes.machine_id(wanted.node_id, wanted.generation) + "\n",
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        "etc/group": "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "etc/os-release": 'ID=steward\nNAME="steward node"\nPRETTY_NAME="steward node (process box)"\n',
        "etc/resolv.conf": "".join(f"nameserver {each}\n" for each in resolvers),
    }


def kubernetes_files(wanted: machines.Machine, host: "HostSize") -> Mapping[str, str]:
    server = f"https://{wanted.network.gateway}:{networks.API_PORT}"
    files = {f"{PKI[1:]}/{name}": text for name, text in wanted.files.items()}
    for user in ("kubelet", "kube-proxy"):
        files[f"etc/kubernetes/{user}.kubeconfig"] = kubeconfig(server, PKI, user)
    files["etc/kubernetes/kubelet.yaml"] = yaml.safe_dump(kubelet_configuration(wanted, host))
    files[PROXY_CONFIGURATION] = yaml.safe_dump(proxy_configuration(wanted))
    files["etc/cni/net.d/10-steward.conflist"] = json.dumps(pod_network(wanted), indent=2)
    return files


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSize:
    """The cores and the disk are the host's as a node sees them; memory is the node's own."""

    vcpus: int
    memory_mb: int
    disk_bytes: int


def memory_file(flavor: flavors.Flavor) -> str:
    """In the form of /proc/meminfo: the flavor's memory, for those who ask how much there is."""
    total = flavor.ram_mb * 1024
    return f"MemTotal: {total:>15} kB\nMemFree: {total:>16} kB\nMemAvailable: {total:>11} kB\nSwapTotal: {0:>14} kB\n"


def system_reserved(flavor: flavors.Flavor, host: HostSize) -> Mapping[str, str]:
    """So that the node's allocatable is what a node of this flavor has at OVHcloud."""
    left = flavors.allocatable(flavor)
    disk = host.disk_bytes - (left.disk_gb + EVICT_DISK_GB) * 2**30
    return {
        "cpu": f"{max(0, host.vcpus * 1000 - left.cpu_millicores)}m",
        "memory": f"{flavor.ram_mb - left.memory_mb - EVICT_MEMORY_MB}Mi",
        "ephemeral-storage": str(max(0, disk)),
    }


def kubelet_configuration(wanted: machines.Machine, host: HostSize) -> Mapping[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{PKI}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{PKI}/kubelet-server.crt",
        "tlsPrivateKeyFile": f"{PKI}/kubelet-server.key",
        "providerID": f"openstack:///{wanted.instance_id}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": "/",
        "failCgroupV1": False,
        "failSwapOn": False,
        # The node's own cgroup, one above, enforces the flavor.
        "enforceNodeAllocatable": [],
        "systemReserved": dict(system_reserved(wanted.flavor, host)),
        "evictionHard": {
            "memory.available": f"{EVICT_MEMORY_MB}Mi",
            "nodefs.available": f"{EVICT_DISK_GB}Gi",
            "imagefs.available": f"{EVICT_DISK_GB}Gi",
        },
        "imageGCHighThresholdPercent": 95,
        "imageGCLowThresholdPercent": 90,
        "maxPods": MOST_PODS,
        "clusterDomain": "cluster.local",
        "clusterDNS": [str(networks.service_address(wanted.services, 10))],
        "resolvConf": "/etc/resolv.conf",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "serializeImagePulls": False,
        "shutdownGracePeriod": "0s",
    }


def has_ipvs() -> bool:
    return Path("/proc/net/ip_vs").exists()


def proxy_configuration(wanted: machines.Machine) -> Mapping[str, Any]:
    # Where a customer asks for IPVS and the kernel has none, nftables serves; a condition of the cluster says so.
    other = "ipvs" if has_ipvs() else "nftables"
    mode = "iptables" if wanted.proxy_mode is clusters.ProxyMode.IPTABLES else other
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": "0.0.0.0",
        "clientConnection": {"kubeconfig": "/etc/kubernetes/kube-proxy.kubeconfig"},
        "clusterCIDR": str(wanted.pods),
        "hostnameOverride": wanted.name,
        # Else nftables mode would answer at the private address alone, which nobody outside the network reaches.
        **({"nodePortAddresses": ["0.0.0.0/0"]} if wanted.leg is not None else {}),
        "mode": mode,
        mode: dict(proxy_parameters(mode, wanted.proxy)),
        # These sysctls belong to the host's own namespace.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpCloseWaitTimeout": "0s", "tcpEstablishedTimeout": "0s"},
    }


def proxy_parameters(mode: str, set_: customizations.KubeProxy) -> Mapping[str, str]:
    """In the words of kube-proxy's configuration; what is not set is left to it."""
    chosen = set_.iptables if mode == "iptables" else set_.ipvs
    given: dict[str, durations.Duration | None] = {
        "minSyncPeriod": chosen.min_sync_period,
        "syncPeriod": chosen.sync_period,
    }
    if mode == "ipvs":
        given |= {
            "tcpTimeout": set_.ipvs.tcp_timeout,
            "tcpFinTimeout": set_.ipvs.tcp_fin_timeout,
            "udpTimeout": set_.ipvs.udp_timeout,
        }
    told = {name: f"{round(each.seconds * 1000)}ms" for name, each in given.items() if each is not None}
    scheduler = set_.ipvs.scheduler if mode == "ipvs" else None
    return {**told, **({"scheduler": scheduler.value} if scheduler is not None else {})}


def pod_network(wanted: machines.Machine) -> Mapping[str, Any]:
    pods = networks.node_pods(wanted.pods, wanted.number)
    return {
        "cniVersion": "1.0.0",
        "name": "steward",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "mtu": 1500,
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/run/cni/networks",
                    "ranges": [[{"subnet": str(pods)}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True},
        ],
    }


def containerd_configuration(programs: Path, plugins: Path, pause: str) -> str:
    """Version 3 of containerd's configuration, in TOML."""
    return f"""version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp"]

[grpc]
  address = "/run/containerd/containerd.sock"

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{pause}"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "/etc/containerd/certs.d"

[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE no program may lower its own score.
  restrict_oom_score_adj = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["{plugins}"]
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "{programs / "runc"}"
        SystemdCgroup = false
"""


def registry_hosts(own: str, mirrors: Sequence[str]) -> str:
    """For every registry: ours first, then the operator's mirrors, then the registry itself."""
    tables = [f'[host."{each}"]\n  capabilities = ["pull", "resolve"]\n' for each in (own, *mirrors)]
    return "\n".join(tables)


def proxy_environment(proxy: str, wanted: machines.Machine, registry: str) -> Mapping[str, str]:
    """For pulling images from outside alone: nothing of the cluster, nor the host's registry, is behind a proxy."""
    if not proxy:
        return {}
    network = wanted.network
    near = (
        "localhost", "127.0.0.0/8", str(network.nodes), str(network.link), str(wanted.pods), str(wanted.services),
        str(urlsplit(registry).hostname), ".svc", ".cluster.local",
    )  # fmt: skip
    values = {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "NO_PROXY": ",".join(near)}
    return {**values, **{name.lower(): text for name, text in values.items()}}


def commands(wanted: machines.Machine, find: Mapping[str, Path]) -> Mapping[str, tuple[str, ...]]:
    """Of the node's three programs, in the order of need."""
    return {
        "containerd": (str(find["containerd"]), "--config=/etc/containerd/config.toml", "--log-level=warn"),
        "kubelet": (
            str(find["kubelet"]),
            "--config=/etc/kubernetes/kubelet.yaml",
            "--kubeconfig=/etc/kubernetes/kubelet.kubeconfig",
            f"--hostname-override={wanted.name}",
            f"--node-ip={wanted.address}",
            "--root-dir=/var/lib/kubelet",
        ),
        "kube-proxy": (str(find["kube-proxy"]), f"--config=/{PROXY_CONFIGURATION}"),
    }


def kubeconfig(server: str, folder: str, user: str) -> str:
    """With certificates by path, which client-go reads again when they are renewed."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority": f"{folder}/ca.crt"}}],
            "users": [
                {
                    "name": "u",
                    "user": {"client-certificate": f"{folder}/{user}.crt", "client-key": f"{folder}/{user}.key"},
                }
            ],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
    )
