"""A private network with a subnet, made and removed with OVHcloud's own clients."""

from typing import Any

from tests.system import waiting
from tests.system.callers import Caller, Refused
from tests.system.service import REGION

ROUTER = "192.168.77.1"


class Backbone:
    def __init__(self, caller: Caller, project: str, *, gateway: bool = False) -> None:
        self._call, self.project = caller.call, f"/cloud/project/{project}"
        self._region = f"{self.project}/region/{REGION}"
        made = self._call("POST", f"{self.project}/network/private", {"name": "backbone", "regions": [REGION]})
        self.path = f"{self.project}/network/private/{made['id']}"
        self.openstack_id = str(made["regions"][0]["openstackId"])
        wanted = {"start": "192.168.77.10", "end": "192.168.77.99", "network": "192.168.77.0/24", "region": REGION}
        subnet = self._call("POST", f"{self.path}/subnet", {"dhcp": True, "noGateway": False, **wanted})
        self.subnet_id = str(subnet["id"])
        waiting.until(lambda: self._call("GET", self.path)["status"] == "ACTIVE", "the network being ACTIVE")
        self.gateway: dict[str, Any] = self._gateway() if gateway else {}

    def _gateway(self) -> dict[str, Any]:
        path = f"{self._region}/network/{self.openstack_id}/subnet/{self.subnet_id}/gateway"
        begun = self._call("POST", path, {"name": "out", "model": "s"})
        done = f"{self.project}/operation/{begun['id']}"
        waiting.until(lambda: self._call("GET", done)["status"] == "completed", "the gateway")
        found: dict[str, Any] = self._call("GET", f"{self._region}/gateway/{begun['resourceId']}")
        return found

    @property
    def gateway_path(self) -> str:
        return f"{self._region}/gateway/{self.gateway['id']}"

    def remove(self) -> None:
        if self.gateway:
            self._call("DELETE", self.gateway_path)
            waiting.until(lambda: self._call("GET", f"{self._region}/gateway") == [], "the end of the gateway")
        self._call("DELETE", self.path)
        waiting.until(self._is_gone, "the end of the network")

    def _is_gone(self) -> bool:
        try:
            self._call("GET", self.path)
        except Refused as refusal:
            return refusal.code == 404
        return False
