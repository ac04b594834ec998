"""`make down`: ends what `make demo` started. Nothing of it is left running, or in the network's rules.

The cluster is deleted through the API, as a customer would; for that the service is started once more
where it does not run.
"""

import os
import subprocess
import sys
import time

import ovh
from rich.console import Console

from demo import demo, environment
from demo.environment import Trouble

console = Console(highlight=False, soft_wrap=True)
PATIENCE = 300.0


def main() -> int:
    values = environment.known()
    if not values and not environment.STATE.exists():
        console.print("There is nothing to end: no demo was started from this checkout.")
        return 0
    try:
        with demo.steps() as step:
            bar = step("Delete the clusters")
            if not environment.answers():
                environment.start_service()
            bar.done(f"{delete_all(values)} deleted")
            bar = step("End the service")
            environment.stop_service()
            bar.done()
            bar = step("Remove registry and network rules")
            ending = subprocess.run(
                [sys.executable, "-m", "steward.bootstrap.ending"],
                env=demo_environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            if ending.returncode != 0:
                raise Trouble(ending.stderr.strip())
            bar.done()
    except (Trouble, ovh.exceptions.APIError) as reason:
        console.print(f"[red]It could not be ended:[/] {reason}")
        return 1
    for path in (environment.ENVIRONMENT, environment.KUBECONFIG):
        path.unlink(missing_ok=True)
    console.print(
        "Nothing of the demo runs any more. Its project and history stay in .steward; `make demo` starts anew."
    )
    return 0


def demo_environment() -> dict[str, str]:
    return {**os.environ, "STEWARD_STATE": str(environment.STATE), "STEWARD_LISTEN": environment.LISTEN}


def delete_all(values: dict[str, str]) -> int:
    if not values or not demo.accepted(values):
        return 0
    client = demo.client_of(values)
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


if __name__ == "__main__":
    sys.exit(main())
