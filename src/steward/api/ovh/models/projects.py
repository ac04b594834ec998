"""Projects, their regions and the flavors of instances."""

from steward.api.ovh.models import words
from steward.api.ovh.models.base import Model, Moment, Uuid


class ResourceMetadata(Model, title="iam.ResourceMetadata"):
    id: Uuid
    urn: str
    displayName: str | None
    state: words.ResourceState | None
    tags: dict[str, str] | None


class Project(Model, title="cloud.ProjectWithIAM"):
    project_id: str
    projectName: str | None
    description: str | None
    planCode: str
    status: words.ProjectStatus
    access: words.ProjectAccess
    creationDate: Moment
    expiration: Moment | None
    orderId: int | None
    unleash: bool
    manualQuota: bool
    iam: ResourceMetadata | None


class Component(Model, title="cloud.Component"):
    name: str
    endpoint: str
    status: words.ServiceStatus


class Region(Model, title="cloud.Region"):
    name: str
    type: words.RegionType
    status: words.RegionStatus
    continentCode: words.Continent
    countryCode: str
    datacenterLocation: str
    availabilityZones: list[str]
    ipCountries: list[str]
    services: list[Component]


class AvailableRegion(Model, title="cloud.AvailableRegion"):
    name: str
    type: words.RegionType
    continentCode: words.Continent
    countryCode: str
    datacenterLocation: str


class FlavorPlanCodes(Model, title="cloud.flavor.PlanCodes"):
    hourly: str | None
    monthly: str | None
    license: str | None


class FlavorCapability(Model, title="cloud.flavor.Capability"):
    name: words.FlavorCapability
    enabled: bool


class Flavor(Model, title="cloud.flavor.Flavor"):
    id: str
    name: str
    region: str
    type: str
    osType: str
    vcpus: int
    ram: int
    disk: int
    inboundBandwidth: int | None
    outboundBandwidth: int | None
    available: bool
    quota: int
    planCodes: FlavorPlanCodes
    capabilities: list[FlavorCapability]
