"""OVHcloud's own Go client, which their Terraform provider is made with, against a served steward (tests/go/ovh)."""

import subprocess
from pathlib import Path

import pytest

from tests import go_programs
from tests.system import callers, ordered, waiting
from tests.system import service as service_
from tests.system.ordered import Cluster
from tests.system.service import Service

pytestmark = pytest.mark.system

RIGHT = "all as it should be\n"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return go_programs.built("ovh", tmp_path_factory.mktemp("go"))


def said(program: Path, service: Service, *arguments: str) -> str:
    done = subprocess.run(
        [program, *arguments],
        env=callers.environment(service),
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    return done.stdout + done.stderr


def test_identity_lists_and_refusals(program: Path, service: Service) -> None:
    assert said(program, service, "api", service.project) == RIGHT


def test_a_pool_of_a_real_cluster(program: Path, cluster: Cluster) -> None:
    assert said(program, cluster.service, "pools", cluster.service.project, cluster.id) == RIGHT
    assert {each["name"] for each in cluster.pools()} == {"workers"}


def test_a_program_that_would_not_notice_is_no_test(program: Path, service: Service) -> None:
    assert "failed: our projects" in said(program, service, "api", "0" * 32)


def test_the_same_without_any_cluster_running(program: Path) -> None:
    with service_.running("stwgo", STEWARD_RUNTIME="simulated") as simulated:
        assert said(program, simulated, "api", simulated.project) == RIGHT
        made = ordered.order(simulated, nodes=None, name="figures")
        waiting.until(lambda: made.see()["status"] == "READY", "the simulated cluster")
        assert said(program, simulated, "pools", simulated.project, made.id) == RIGHT
