"""What the demo runs in the cluster: a web server behind a Service, and a client that asks it by name."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.environment import Trouble

if TYPE_CHECKING:
    from demo.demo import Bar

SERVER = "hello"
CLIENT = "asks-hello"
NAME = f"{SERVER}.default.svc.cluster.local"
QUESTION = f"http://{NAME}/echo?msg=Hello+from+a+real+cluster"


def manifests(image: str) -> list[dict[str, Any]]:
    labels = {"app": SERVER}
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": SERVER},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "containers": [
                            {
                                "name": "web",
                                "image": image,
                                "args": ["netexec", "--http-port=8080"],
                                "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
                            }
                        ]
                    },
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": SERVER},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        },
    ]


def run(step: "Callable[[str], Bar]", values: dict[str, str]) -> str:
    """The answer that a pod got from the Service by its DNS name."""
    programs = Path(values["STEWARD_BIN"])
    image = agnhost_image(programs)

    def kubectl(*arguments: str, stdin: str = "") -> str:
        command = [str(programs / "kubectl"), "--kubeconfig", values["KUBECONFIG"], *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"kubectl {' '.join(arguments[:3])}: {done.stderr.strip()}")
        return done.stdout.strip()

    bar = step("Run a workload with kubectl")
    kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests(image)}))
    kubectl("rollout", "status", f"deployment/{SERVER}", "--timeout=180s")
    kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=180s")
    bar.done("2 replicas behind the Service hello")
    bar = step("Ask it by its DNS name, from a pod")
    kubectl("delete", "pod", CLIENT, "--ignore-not-found", "--now")
    kubectl("run", CLIENT, f"--image={image}", "--restart=Never", "--command", "--", "/bin/wget", "-qO-", QUESTION)
    kubectl("wait", f"pod/{CLIENT}", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s")
    answer = kubectl("logs", CLIENT)
    kubectl("delete", "pod", CLIENT, "--now")
    if "Hello from a real cluster" not in answer:
        raise Trouble(f"The pod answered {answer!r}")
    bar.done(NAME)
    return answer


def agnhost_image(programs: Path) -> str:
    from steward.components import images

    return images.agnhost_reference(programs.resolve().name.split("-")[0])
