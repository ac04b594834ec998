"""Sizes of nodes, and what a node of a size leaves to its pods.

The reservation is OVHcloud's: 150 m + 0.5 % of all cores, 1590 MB, and log10(GB)*10 + 10 % of the disk
(docs.ovhcloud.com, "plugins, software versions and reserved resources").
"""

import math
from dataclasses import dataclass

RESERVED_MEMORY_MB = 1590


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavor:
    name: str
    category: str  # one letter, OVHcloud's FlavorCategoryEnum
    vcpus: int
    ram_gb: int
    disk_gb: int
    gpus: int = 0

    @property
    def ram_mb(self) -> int:
        return self.ram_gb * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocatable:
    """What pods of a node may ask for."""

    cpu_millicores: int
    memory_mb: int
    disk_gb: int


def reserved(flavor: Flavor) -> Allocatable:
    """What the node's own programs keep for themselves."""
    return Allocatable(
        cpu_millicores=150 + flavor.vcpus * 5,
        memory_mb=RESERVED_MEMORY_MB,
        disk_gb=round(math.log10(flavor.disk_gb) * 10 + flavor.disk_gb * 0.1),
    )


def allocatable(flavor: Flavor) -> Allocatable:
    kept = reserved(flavor)
    return Allocatable(
        cpu_millicores=flavor.vcpus * 1000 - kept.cpu_millicores,
        memory_mb=flavor.ram_mb - kept.memory_mb,
        disk_gb=flavor.disk_gb - kept.disk_gb,
    )
