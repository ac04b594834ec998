"""What can be ordered here: regions, versions, and the flavors that this host can run."""

from functools import cache

from steward.catalogue import loading
from steward.domain import errors, flavors, versions
from steward.operations import context as context_


@cache
def catalogue_flavors() -> dict[str, flavors.Flavor]:
    """All of the catalogue by name; a pool may stand whose flavor is no longer offered."""
    return {
        each.name: flavors.Flavor(
            name=each.name, category=each.category, vcpus=each.vcpus, ram_gb=each.ram, disk_gb=each.disk
        )
        for each in loading.flavors()
    }


@cache
def versions_offered() -> tuple[versions.Version, ...]:
    return tuple(versions.Version.parse(each) for each in loading.kubernetes_versions().offered)


def default_series() -> str:
    return loading.kubernetes_versions().default


def regions() -> tuple[loading.RegionFact, ...]:
    return loading.regions()


def region(name: str) -> loading.RegionFact:
    for each in loading.regions():
        if each.name == name:
            return each
    known = ", ".join(each.name for each in loading.regions())
    raise errors.BadInput(
        f"Region {name[:64]!r} is not available for Kubernetes; available are {known}", name="InvalidDataError"
    )


def flavors_offered(context: context_.Context) -> list[flavors.Flavor]:
    return [each for each in catalogue_flavors().values() if context.host.fits(each)]


def flavor(context: context_.Context, name: str, region_name: str) -> flavors.Flavor:
    """One that can be ordered."""
    found = catalogue_flavors().get(name)
    if found is not None and context.host.fits(found):
        return found
    offered = ", ".join(each.name for each in flavors_offered(context)) or "none: the host is too small"
    raise errors.BadInput(
        f"Flavor {name[:64]!r} is not available in region {region_name!r}; available are {offered}",
        name="InvalidDataError",
    )
