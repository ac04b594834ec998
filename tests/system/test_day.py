"""A day of both parties at a real cluster, from the order to a ledger that somebody tampered with.

What each piece does in full is tested where it stands; here it has to fit together, as people meet it.
"""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ovh.exceptions
import pytest

from steward.runtimes.processes import launch
from tests.system import ordered, rogues, waiting
from tests.system import service as service_
from tests.system.ordered import Cluster
from tests.system.service import ROOT, STEWARD, Service
from tests.system.test_accesses import Visit

pytestmark = [pytest.mark.system, pytest.mark.root, pytest.mark.timeout(1500)]

PROBES_FAIL_WITHIN = 240.0  # three in a row, each half a minute after the last


class Day:
    def __init__(self, service: Service, cluster: Cluster, folder: Path) -> None:
        self.service = service
        self.cluster = cluster
        self.folder = folder
        self.project = f"/native/projects/{service.project}"
        self.kube = f"{self.project}/kube/{cluster.id}"

    def steward(self, *arguments: str, party: str = "customer", code: int = 0) -> str:
        """The command line; what it says, with its exit code as expected."""
        service = self.service
        environment = {
            **service.environment,
            "HOME": str(self.folder),
            "OVH_ENDPOINT": f"{service.url}/1.0",
            "OVH_APPLICATION_KEY": service.api._application_key,
            "OVH_APPLICATION_SECRET": service.api._application_secret,
            "OVH_CONSUMER_KEY": service.api._consumer_key,
            "OVH_CLOUD_PROJECT_SERVICE": service.project,
            "STEWARD_PROVIDER_TOKEN": (service.state / "operator.token").read_text().strip(),
        }
        who = ["--as", "provider"] if party == "provider" else []
        done = subprocess.run(
            [str(STEWARD), *who, *arguments], env=environment, capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert done.returncode == code, f"steward {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def said(self, *arguments: str, party: str = "customer") -> Any:
        return json.loads(self.steward(*arguments, "-o", "json", party=party))

    def refused(self, ask: Callable[[], object]) -> Mapping[str, str]:
        """The details of a 403."""
        with pytest.raises((ovh.exceptions.Forbidden, service_.urllib.error.HTTPError)) as caught:
            ask()
        reason = caught.value
        if isinstance(reason, ovh.exceptions.APIError):
            details: Mapping[str, str] = reason.response.json()["details"]
            return details
        assert isinstance(reason, service_.urllib.error.HTTPError)
        with reason:
            assert reason.code == 403
            document = json.load(reason)
        found: Mapping[str, str] = document["details"]
        return found

    def inbox(self, type_: str) -> Sequence[Mapping[str, Any]]:
        found = self.service.api.get(f"{self.project}/notices")
        return [each for each in (found["notices"] if isinstance(found, dict) else found) if each["type"] == type_]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with service_.running("stwday") as service, ordered.ready(service, nodes=1, name="day") as cluster:
        yield Day(service, cluster, tmp_path_factory.mktemp("day"))


def test_a_day_of_both_parties(day: Day) -> None:
    the_order_pins_the_contract_and_tells_the_customer(day)
    either_party_is_refused_what_is_the_others_and_told_why(day)
    a_write_of_the_provider_in_the_customers_namespace_is_a_breach(day)
    break_glass_goes_by_consent_and_ends_with_a_refused_call(day)
    an_incident_is_noticed_and_the_customer_is_told(day)
    the_report_names_what_is_not_known(day)
    the_ledger_is_verified_offline_and_one_altered_byte_is_named(day)


def the_order_pins_the_contract_and_tells_the_customer(day: Day) -> None:
    assert day.service.api.get(f"{day.kube}/report")["matrix"]["version"] == "1"
    waiting.until(lambda: day.inbox("cluster:installed"), "the notice of the installation", within=30)


def either_party_is_refused_what_is_the_others_and_told_why(day: Day) -> None:
    by_provider = day.refused(lambda: day.service.native("DELETE", f"/1.0{day.cluster.path}"))
    assert (by_provider["activity"], by_provider["lettersCustomer"]) == ("5.1-1", "RA")
    by_customer = day.refused(lambda: day.service.api.post("/native/projects", account="another"))
    assert by_customer["activity"] == "3.2.2-4"
    why = day.said("why", by_provider["decision"], party="provider")
    assert "5.1-1" in json.dumps(why)
    assert day.cluster.see()["status"] == "READY"


def a_write_of_the_provider_in_the_customers_namespace_is_a_breach(day: Day) -> None:
    rogue = rogues.issued(day.cluster, day.folder)
    rogue.kubectl("create", "configmap", "planted", "-n", "default")

    def found() -> bool:
        findings = day.service.api.get(f"{day.kube}/audit/findings")
        return any(each["sort"] == "breach" and each["name"] == "planted" for each in findings)

    waiting.until(found, "the breach", within=20)

    def breached() -> set[str]:
        return {row["activity"] for row in _rows(day) if row["state"] == "breached"}

    waiting.until(lambda: breached() & {"2.3-1", "2.3-3"}, "the row of the report", within=60)


def break_glass_goes_by_consent_and_ends_with_a_refused_call(day: Day) -> None:
    visit = Visit(day.service, day.cluster, day.folder, scope="view").consent()
    assert visit.may("get", "nodes")
    day.service.api.post(f"{visit.path}/end")
    assert visit.wait("ended")["refusedWith"].startswith("403")
    assert not visit.may("get", "nodes")


def an_incident_is_noticed_and_the_customer_is_told(day: Day) -> None:
    """The API server stands still; nobody restarts what has not ended."""
    pid = launch.read_record(str(day.cluster.places.record("kube-apiserver")))["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        waiting.until(lambda: day.inbox("incident:opened"), "the notice of the incident", within=PROBES_FAIL_WITHIN)
    finally:
        os.kill(pid, signal.SIGCONT)
    waiting.until(lambda: day.inbox("incident:resolved"), "the end of the incident", within=PROBES_FAIL_WITHIN)
    (outage, *_) = day.service.api.get(f"{day.kube}/outages")
    assert outage["endedAt"], outage


def the_report_names_what_is_not_known(day: Day) -> None:
    states = {row["state"] for row in _rows(day)}
    assert {"proven", "unknown", "breached"} <= states
    customer = {row["activity"]: row["state"] for row in _rows(day)}
    provider = {row["activity"]: row["state"] for row in day.service.native("GET", f"{day.kube}/report")["rows"]}
    assert customer == provider
    oscal = day.folder / "report.oscal.json"
    day.steward("report", day.cluster.id, "--format", "oscal", "-f", str(oscal))
    assert "assessment-results" in json.loads(oscal.read_text())
    report = day.folder / "report.json"
    report.write_text(day.steward("report", day.cluster.id, "-o", "json"))
    key = json.loads(day.steward("ledger", "keys", "-o", "json"))[-1]["key"]
    assert _verified(report, "--key", key)["holds"]
    report.write_text(report.read_text().replace('"state": "breached"', '"state": "proven"', 1))
    assert _verified(report, "--key", key)["altered"]


def the_ledger_is_verified_offline_and_one_altered_byte_is_named(day: Day) -> None:
    bundle = day.folder / "ledger.jsonl"
    day.steward("ledger", "export", str(bundle))
    assert _verified(bundle)["holds"]
    whole = bundle.read_text()
    place = whole.index("cluster:ordered")
    bundle.write_text(f"{whole[:place]}X{whole[place + 1 :]}")
    fault = _verified(bundle)["fault"]
    assert (fault["kind"], fault["line"]) == ("altered", whole[:place].count("\n") + 1), fault


def _verified(file: Path, *more: str) -> Mapping[str, Any]:
    """Without the service, and without knowing of it. The exit code says the same as the words."""
    alone = {name: text for name, text in os.environ.items() if not name.startswith(("OVH_", "STEWARD_"))}
    command = [str(STEWARD), "verify", str(file), "-o", "json", *more]
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=False)
    found: Mapping[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if found["holds"] else 1), done.stdout + done.stderr
    return found


def _rows(day: Day) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = day.service.api.get(f"{day.kube}/report")["rows"]
    return rows
