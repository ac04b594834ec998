"""`make demo`: from an empty machine to an answer out of a pod, ordered with OVHcloud's own Python client.

Every step may have been done by an earlier run; then it takes no time. What is printed at the end is what a
person does next.
"""

import json
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ovh
import ovh.client
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from demo import environment, workload
from demo.environment import Trouble
from steward.components import supply
from steward.settings import NotRight, Settings

CLUSTER = "demo"
POOL = "workers"
NODES = 2
FLAVORS = ("b2-7", "d2-4", "d2-2")  # the first that this machine offers and has room for
REGION = "LOCAL1"
PATIENCE = 900.0  # seconds; a wait that long is a fault, and says so

console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    began = time.monotonic()
    try:
        given = environment.settings()
        environment.keep_off_the_proxy(given)
        with steps() as step:
            service = Service(given)
            values = prepare(step, service)
            client = client_of(service, values)
            cluster = order(step, client, values)
            wait(step, service, client, values, cluster["id"])
            values = keep(step, service, client, values, cluster["id"])
            answer = workload.run(step, values)
    except (NotRight, Trouble, ovh.exceptions.APIError, subprocess.CalledProcessError, OSError) as reason:
        console.print(f"\n[red]The demo stopped:[/] {reason}")
        console.print(
            "Run `make demo` again to go on from here; `make doctor` says whether the machine lacks something."
        )
        return 1
    farewell(values, answer, time.monotonic() - began)
    missing = supply.of(given).missing(supply.default_version())
    if missing:
        console.print(f"\n{supply.comes_later(missing)}.")
    return 0


class Bar(Protocol):
    """A named step, how far it is, what it waits for."""

    def show(self, fraction: float, doing: str = "") -> None: ...

    def done(self, said: str = "") -> None: ...


class DrawnBar:
    """One line on the screen that is drawn anew."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def show(self, fraction: float, doing: str = "") -> None:
        self._progress.update(self._task, completed=fraction * 100, doing=doing)

    def done(self, said: str = "") -> None:
        self._progress.update(self._task, completed=100, doing=said)
        self._progress.stop_task(self._task)


class PrintedBar:
    """Where nobody watches: one line when the step is done."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._began = time.monotonic()

    def show(self, fraction: float, doing: str = "") -> None:
        """Nothing is drawn anew here."""

    def done(self, said: str = "") -> None:
        if self._name:
            console.print(f"✓ {self._name:<36} {time.monotonic() - self._began:5.1f} s  {said}")
            self._name = ""


Step = Callable[[str], Bar]


@contextmanager
def steps() -> Iterator[Step]:
    if not console.is_terminal:
        yield PrintedBar
        return
    columns = (
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[doing]}[/]"),
    )
    with Progress(*columns, console=console) as progress:
        yield lambda name: DrawnBar(progress, progress.add_task(name, total=100, doing=""))


@dataclass(frozen=True)
class Service:
    """The one of this checkout, as its settings say and its operator's token asks it."""

    given: Settings

    @property
    def endpoint(self) -> str:
        return f"{self.given.base_url}/1.0"

    @property
    def token(self) -> str:
        return (self.given.state / "operator.token").read_text().strip()

    def native(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A call of the operator's, who alone can make projects."""
        request = urllib.request.Request(
            self.given.base_url + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30, context=environment.trust(self.given)) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            raise Trouble(f"{method} {path}: {refusal.read().decode(errors='replace')}") from None


def prepare(step: Step, service: Service) -> dict[str, str]:
    """A running service, and a project with credentials in it."""
    bar = step("Start the service")
    if not environment.answers(service.given):
        environment.start_service(service.given)
    bar.done(service.endpoint)
    bar = step("Make a project with credentials")
    # The keys of an earlier run are as good at another address.
    values = {**environment.known(service.given), "OVH_ENDPOINT": service.endpoint}
    if not accepted(service, values):
        values = new_project(service)
    values = {**values, "STEWARD_PROVIDER_TOKEN": service.token}
    environment.write(service.given, values)
    bar.done(values["OVH_CLOUD_PROJECT_SERVICE"])
    return values


def client_of(service: Service, values: dict[str, str]) -> ovh.Client:
    # python-ovh knows endpoints by name; this one line makes ours known to it.
    ovh.client.ENDPOINTS["steward"] = values["OVH_ENDPOINT"]
    client = ovh.Client(
        endpoint="steward",
        application_key=values["OVH_APPLICATION_KEY"],
        application_secret=values["OVH_APPLICATION_SECRET"],
        consumer_key=values["OVH_CONSUMER_KEY"],
    )
    if service.given.tls_certificate is not None:
        client._session.verify = str(service.given.tls_certificate)  # python-ovh has no way of its own
    return client


def accepted(service: Service, values: dict[str, str]) -> bool:
    try:
        client_of(service, values).get(f"/cloud/project/{values['OVH_CLOUD_PROJECT_SERVICE']}")
    except (ovh.exceptions.APIError, KeyError):
        return False
    return True


def new_project(service: Service) -> dict[str, str]:
    project = service.native("POST", "/native/projects", {"description": "demo", "account": account(service)})
    keys = service.native("POST", f"/native/projects/{project['id']}/credentials", {"description": "demo"})
    return {
        "OVH_ENDPOINT": service.endpoint,
        "OVH_APPLICATION_KEY": keys["applicationKey"],
        "OVH_APPLICATION_SECRET": keys["applicationSecret"],
        "OVH_CONSUMER_KEY": keys["consumerKey"],
        "OVH_CLOUD_PROJECT_SERVICE": project["id"],
        "STEWARD_STATE": str(service.given.state.absolute()),
    }


def account(service: Service) -> str:
    """One that the provider may still hand over: its keys are given once, and an earlier run may have lost them."""
    known = {each["account"] for each in service.native("GET", "/native/accounts")}
    return "demo" if "demo" not in known else f"demo-{secrets.token_hex(3)}"


def order(step: Step, client: ovh.Client, values: dict[str, str]) -> dict[str, Any]:
    bar = step("Order a cluster with python-ovh")
    base = f"/cloud/project/{values['OVH_CLOUD_PROJECT_SERVICE']}/kube"
    for cluster_id in client.get(base):
        found: dict[str, Any] = client.get(f"{base}/{cluster_id}")
        if found["name"] == CLUSTER and found["status"] != "DELETING":
            bar.done(f"{found['id']} stands already")
            return found
    made, flavor = ordered(client, base, offered(client, values))
    bar.done(f"{made['id']}, with nodes of flavor {flavor}")
    return made


def offered(client: ovh.Client, values: dict[str, str]) -> list[str]:
    """Of the flavors that suit the demo, those that this machine is large enough for; the largest first."""
    path = f"/cloud/project/{values['OVH_CLOUD_PROJECT_SERVICE']}/capabilities/kube/flavors"
    names = {each["name"] for each in client.get(path, region=REGION)}
    found = [each for each in FLAVORS if each in names]
    if not found:
        raise Trouble("This machine is too small for a node of any flavor; `make doctor` says what it lacks")
    return found


def ordered(client: ovh.Client, base: str, flavors: Sequence[str]) -> tuple[dict[str, Any], str]:
    """The cluster, and the first flavor of which the machine has room for all nodes."""
    for flavor in flavors:
        pool = {"name": POOL, "flavorName": flavor, "desiredNodes": NODES}
        try:
            return client.post(base, region=REGION, name=CLUSTER, nodepool=pool), flavor
        except ovh.exceptions.APIError as reason:
            if "no room" not in str(reason) or flavor == flavors[-1]:
                raise
    raise AssertionError("at least one flavor is tried")


def wait(step: Step, service: Service, client: ovh.Client, values: dict[str, str], cluster_id: str) -> None:
    """Until cluster and pool are READY, with the names of the steps that are under way."""
    project = values["OVH_CLOUD_PROJECT_SERVICE"]
    base = f"/cloud/project/{project}/kube/{cluster_id}"
    control_plane, nodes = step("Install the control plane"), step(f"Start {NODES} nodes")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        cluster = client.get(base)
        pools = client.get(f"{base}/nodepool")
        progress = service.native("GET", f"/native/projects/{project}/kube/{cluster_id}/progress")
        doing = [f"{each['name']}" for flow in progress for each in flow["steps"] if each["state"] == "running"]
        of_cluster = next((flow["fraction"] for flow in progress if flow["subject"].startswith("cluster:")), 0.0)
        installed = cluster["status"] == "READY"
        if installed:
            control_plane.done(f"Kubernetes {cluster['version']} at https://{cluster['url']}")
        else:
            control_plane.show(of_cluster, ", ".join(doing[:2]))
        ready = sum(pool["availableNodes"] for pool in pools)
        nodes.show(ready / NODES, ", ".join(doing[:2]) if installed else "")
        if installed and all(pool["status"] == "READY" for pool in pools):
            nodes.done(f"{ready} nodes are ready")
            return
        if cluster["status"] in ("ERROR", "USER_ERROR") or any(pool["status"] == "ERROR" for pool in pools):
            said = [each["message"] for flow in progress for each in flow["steps"] if each["message"]]
            raise Trouble(f"The cluster is {cluster['status']}: {'; '.join(said)}")
        time.sleep(0.2)
    raise Trouble(
        f"The cluster is not ready after {PATIENCE:.0f} s; `steward progress {CLUSTER}` says what it waits for"
    )


def keep(step: Step, service: Service, client: ovh.Client, values: dict[str, str], cluster_id: str) -> dict[str, str]:
    bar = step("Fetch the kubeconfig")
    base = f"/cloud/project/{values['OVH_CLOUD_PROJECT_SERVICE']}/kube/{cluster_id}"
    environment.write_private(environment.KUBECONFIG, client.post(f"{base}/kubeconfig")["content"])
    kept = {
        **values,
        "KUBECONFIG": str(environment.KUBECONFIG),
        "STEWARD_CLUSTER_ID": cluster_id,
        "STEWARD_BIN": str(programs(service, client.get(base)["version"])),
    }
    environment.write(service.given, kept)
    bar.done(str(environment.KUBECONFIG.relative_to(environment.ROOT)))
    return kept


def programs(service: Service, version: str) -> Path:
    """The folder with kubectl and the other components of this version."""
    return supply.of(service.given).programs(version).newest


def farewell(values: dict[str, str], answer: str, seconds: float) -> None:
    console.print(f"\nA pod answered through its Service's DNS name: [bold]{answer}[/]  ({seconds:.0f} s in all)\n")
    console.print("Go on from here:\n")
    console.print("  [bold]. .steward/demo.env[/]                      in your shell, then")
    console.print("  [bold]$STEWARD_BIN/kubectl get pods -A -o wide[/]  your cluster, with its own kubectl")
    console.print(
        "  [bold].venv/bin/steward cluster list[/]            the command line; `steward --help` shows it all"
    )
    console.print("  [bold].venv/bin/steward events demo[/]             what happened to the cluster so far")
    console.print("  [bold].venv/bin/steward report demo[/]             what is proven of the contract, row by row")
    base = values["OVH_ENDPOINT"].removesuffix("/1.0")
    console.print(f"\nThe pages for people are at {base}/console. Whoever was invited may enter:\n")
    console.print("  [bold].venv/bin/steward people invite you@example.org --role owner[/]")
    console.print("  [bold].venv/bin/steward people password[/]         sets its first password, with the invitation")
    console.print("\nThe same from python-ovh, which knows endpoints by name only (.venv/bin/python):\n")
    console.print("  import os, ovh")
    console.print('  ovh.client.ENDPOINTS[os.environ["OVH_ENDPOINT"]] = os.environ["OVH_ENDPOINT"]', markup=False)
    console.print("  client = ovh.Client()   # endpoint and keys come from the environment")
    console.print('  client.get("/cloud/project/" + os.environ["OVH_CLOUD_PROJECT_SERVICE"] + "/kube")', markup=False)
    console.print("\nThe service goes on in the background; its log is .steward/serve.log.")
    console.print("[bold]make down[/] deletes the cluster and ends the service; [bold]make test[/] runs all tests.")


if __name__ == "__main__":
    sys.exit(main())
