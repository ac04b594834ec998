"""What can be ordered."""

from steward.api.ovh.models import words
from steward.api.ovh.models.base import Model


class Flavor(Model, title="cloud.kube.Flavor"):
    name: str
    category: words.FlavorCategory
    state: words.FlavorState
    vCPUs: int
    gpus: int
    ram: int
