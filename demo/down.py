"""`make down`: ends what `make demo` started. Nothing of it is left running, or in the network's rules.

The clusters are deleted through the API, as a customer would; for that the service is started once more where it
does not run. Clusters of others, whose keys the demo does not have, are theirs to delete. `make down FORCE=1` ends
everything of the state folder without asking anybody, and removes the folder.
"""

import os
import subprocess
import sys
import time

import ovh
from rich.console import Console

from demo import demo, environment
from demo.demo import Service, Step
from demo.environment import Trouble
from steward.settings import NotRight

console = Console(highlight=False, soft_wrap=True)
PATIENCE = 300.0


def main() -> int:
    try:
        given = environment.settings()
    except NotRight as reason:
        console.print(f"[red]Nothing was ended:[/] {reason}")
        return 1
    environment.keep_off_the_proxy(given)
    service = Service(given)
    force = os.environ.get("FORCE", "") not in ("", "0")
    if not given.state.exists():
        console.print("There is nothing to end: no demo was started from this checkout.")
        return 0
    if force and not confirmed(service):
        console.print("Nothing was changed.")
        return 1
    try:
        with demo.steps() as step:
            if not force:
                delete(step, service)
            bar = step("End the service")
            environment.stop_service()
            bar.done()
            end(step, service, force=force)
    except (Trouble, ovh.exceptions.APIError, OSError) as reason:
        console.print(f"[red]It could not be ended:[/] {reason}")
        return 1
    for path in (environment.ENVIRONMENT, environment.KUBECONFIG):
        path.unlink(missing_ok=True)
    kept = "" if force else f" Its project and history stay in {given.state.parent}; `make demo` starts anew."
    console.print(f"Nothing of the demo runs any more.{kept}")
    return 0


def confirmed(service: Service) -> bool:
    """A script has said FORCE=1 itself; a person is asked once more."""
    state = service.given.state
    if not sys.stdin.isatty():
        return True
    console.print(f"Every cluster of {state} ends, whoever ordered it, and the folder is removed with all records.")
    return console.input("Type yes to go on: ").strip() == "yes"


def delete(step: Step, service: Service) -> None:
    """Refuses, with the way out, before anything is ended that could not be ended whole."""
    bar = step("Delete the clusters")
    if not environment.answers(service.given):
        environment.start_service(service.given)
    count = delete_all(service, {**environment.known(service.given), "OVH_ENDPOINT": service.endpoint})
    folder = service.given.state / "clusters"
    left = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
    if left:
        raise Trouble(
            f"{len(left)} clusters belong to projects whose keys the demo does not have: {', '.join(left[:3])}. Delete "
            "them with their keys (`steward --project PROJECT cluster delete`), or run `make down FORCE=1`: it ends "
            f"every cluster and removes {service.given.state} with all records. The service goes on until then."
        )
    bar.done(f"{count} deleted")


def delete_all(service: Service, values: dict[str, str]) -> int:
    if not demo.accepted(service, values):
        return 0
    client = demo.client_of(service, values)
    base = f"/cloud/project/{values['OVH_CLOUD_PROJECT_SERVICE']}/kube"
    clusters = client.get(base)
    for cluster_id in clusters:
        client.delete(f"{base}/{cluster_id}")
    deadline = time.monotonic() + PATIENCE
    while client.get(base):
        if time.monotonic() > deadline:
            raise Trouble(f"The clusters are still being deleted after {PATIENCE:.0f} s; see {environment.SERVICE_LOG}")
        time.sleep(0.2)
    return len(clusters)


def end(step: Step, service: Service, *, force: bool) -> None:
    bar = step("End all clusters by force" if force else "Remove registry and network rules")
    ending = subprocess.run(
        [sys.executable, "-m", "steward.bootstrap.ending", *(["--force"] if force else [])],
        env=environment.service_environment(service.given),
        capture_output=True,
        text=True,
        check=False,
    )
    if ending.returncode != 0:
        raise Trouble(ending.stderr.strip())
    bar.done(ending.stderr.strip())


if __name__ == "__main__":
    sys.exit(main())
