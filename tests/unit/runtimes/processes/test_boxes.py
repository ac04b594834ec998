"""What a node is made of: pure functions of what is wanted."""

import json
import tomllib
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from steward.domain import clusters, flavors, networks, nodes, versions
from steward.ports import machines
from steward.runtimes.processes import boxes

B2_7 = flavors.Flavor(name="b2-7", category="b", vcpus=2, ram_gb=7, disk_gb=50)
HOST = boxes.HostSize(vcpus=4, memory_mb=24105, disk_bytes=270_553_174_016)


def machine(**changes: Any) -> machines.Machine:
    known: dict[str, Any] = {
        "node_id": nodes.NodeId("21111111-1111-4111-8111-111111111111"),
        "cluster_id": clusters.ClusterId("11111111-1111-4111-8111-111111111111"),
        "name": "workers-node-211111",
        "number": 4,
        "network": networks.Plan(IPv4Network("100.64.0.0/12")).cluster(3),
        "pods": networks.DEFAULT_PODS,
        "services": networks.DEFAULT_SERVICES,
        "version": versions.Version(1, 37, 2),
        "flavor": B2_7,
        "instance_id": "i-1",
        "files": {"ca.crt": "CA", "kubelet.key": "KEY"},
    }
    return machines.Machine(**{**known, **changes})


def test_allocatable_is_what_the_flavor_has_at_ovhcloud() -> None:
    left = flavors.allocatable(B2_7)
    assert (left.cpu_millicores, left.memory_mb, left.disk_gb) == (1840, 7 * 1024 - 1590, 28)
    reserved = boxes.system_reserved(B2_7, HOST)
    assert 4000 - int(reserved["cpu"].removesuffix("m")) == left.cpu_millicores
    memory = int(reserved["memory"].removesuffix("Mi"))
    assert B2_7.ram_mb - memory - boxes.EVICT_MEMORY_MB == left.memory_mb
    disk = HOST.disk_bytes - int(reserved["ephemeral-storage"]) - boxes.EVICT_DISK_GB * 2**30
    assert disk == left.disk_gb * 2**30


@pytest.mark.parametrize(("disk", "reserved"), [(50, 22), (100, 30), (200, 43), (400, 66)])
def test_reserved_disk_is_ovhclouds_table(disk: int, reserved: int) -> None:
    flavor = flavors.Flavor(name="x", category="b", vcpus=2, ram_gb=7, disk_gb=disk)
    assert flavors.reserved(flavor).disk_gb == reserved


@pytest.mark.parametrize(("vcpus", "millicores"), [(2, 160), (4, 170), (8, 190), (16, 230), (32, 310), (64, 470)])
def test_reserved_cpu_is_ovhclouds_table(vcpus: int, millicores: int) -> None:
    flavor = flavors.Flavor(name="x", category="b", vcpus=vcpus, ram_gb=7, disk_gb=50)
    assert flavors.reserved(flavor).cpu_millicores == millicores


@given(st.sampled_from([1, 2, 4, 64]), st.integers(1, 10**13))
def test_nothing_negative_is_reserved_on_a_small_host(vcpus: int, disk: int) -> None:
    small = boxes.HostSize(vcpus=vcpus, memory_mb=1024, disk_bytes=disk)
    assert not any(text.startswith("-") for text in boxes.system_reserved(B2_7, small).values())


def test_the_node_sees_its_own_memory() -> None:
    fields = dict(line.split(":") for line in boxes.memory_file(B2_7).splitlines())
    assert fields["MemTotal"].split() == [str(7 * 2**20), "kB"]
    assert boxes.kubelet_configuration(machine(), HOST)["cgroupRoot"] == "/"


def test_files_of_a_node() -> None:
    files = boxes.kubernetes_files(machine(), HOST)
    assert files["etc/kubernetes/pki/kubelet.key"] == "KEY"
    kubeconfig = yaml.safe_load(files["etc/kubernetes/kubelet.kubeconfig"])
    # The way in from a node is the bridge, never the address on the host's side.
    assert kubeconfig["clusters"][0]["cluster"]["server"] == "https://100.65.6.1:6443"
    network = json.loads(files["etc/cni/net.d/10-steward.conflist"])
    assert network["plugins"][0]["ipam"]["ranges"] == [[{"subnet": "10.2.4.0/24"}]]
    assert yaml.safe_load(files["etc/kubernetes/kubelet.yaml"])["clusterDNS"] == ["10.3.0.10"]


def test_resolvers_of_a_node() -> None:
    files = boxes.host_files(machine(), [IPv4Address("192.0.2.53")])
    assert files["etc/resolv.conf"] == "nameserver 192.0.2.53\n"
    assert "100.65.6.14 workers-node-211111" in files["etc/hosts"]
    assert len(files["etc/machine-id"].strip()) == 32


def test_containerd_reads_its_configuration() -> None:
    text = boxes.containerd_configuration(Path("/programs"), Path("/programs/cni"), "registry.k8s.io/pause:3.10.2")
    plugins = tomllib.loads(text)["plugins"]
    assert plugins["io.containerd.cri.v1.images"]["pinned_images"]["sandbox"] == "registry.k8s.io/pause:3.10.2"
    runtime = plugins["io.containerd.cri.v1.runtime"]
    assert runtime["cni"]["bin_dirs"] == ["/programs/cni"]
    assert runtime["containerd"]["runtimes"]["runc"]["options"]["BinaryName"] == "/programs/runc"


def test_own_registry_comes_first_and_the_upstream_last() -> None:
    hosts = tomllib.loads(boxes.registry_hosts("http://100.64.255.254:5000", ["https://mirror.example"]))
    assert list(hosts["host"]) == ["http://100.64.255.254:5000", "https://mirror.example"]
    assert "server" not in hosts  # so containerd falls through to the registry that the image names


def test_only_the_outside_is_behind_the_proxy() -> None:
    registry = "http://100.64.255.254:5000"
    assert boxes.proxy_environment("", machine(), registry) == {}
    found = boxes.proxy_environment("http://proxy.example:3128", machine(), registry)
    assert found["HTTPS_PROXY"] == found["https_proxy"] == "http://proxy.example:3128"
    near = found["NO_PROXY"].split(",")
    assert found["no_proxy"] == found["NO_PROXY"]
    assert {"100.65.6.0/23", "10.2.0.0/16", "10.3.0.0/16", "100.64.255.254", ".svc", ".cluster.local"} <= set(near)


@pytest.mark.parametrize(
    ("asked", "ipvs", "mode"),
    [
        (clusters.ProxyMode.IPTABLES, True, "iptables"),
        (clusters.ProxyMode.IPTABLES, False, "iptables"),
        (clusters.ProxyMode.IPVS, True, "ipvs"),
        (clusters.ProxyMode.IPVS, False, "nftables"),
    ],
)
def test_proxy_mode(monkeypatch: pytest.MonkeyPatch, asked: clusters.ProxyMode, ipvs: bool, mode: str) -> None:
    monkeypatch.setattr(boxes, "has_ipvs", lambda: ipvs)
    assert boxes.proxy_configuration(machine(proxy_mode=asked))["mode"] == mode
