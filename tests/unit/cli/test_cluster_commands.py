"""`steward cluster`: what is asked of the service, and what is shown."""

import json
import stat
from collections.abc import Callable

import pytest
import yaml

from tests.unit.cli import fakes
from tests.unit.cli.fakes import CLUSTER, KUBE, OTHER, Desk

KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "demo", "cluster": {"server": "https://100.64.0.2:6443"}}],
    "users": [{"name": "kubernetes-admin-demo", "user": {"client-key-data": "c2VjcmV0"}}],
    "contexts": [
        {
            "name": "kubernetes-admin@demo",
            "context": {"cluster": "demo", "user": "kubernetes-admin-demo"},
        }
    ],
    "current-context": "kubernetes-admin@demo",
}


@pytest.fixture
def with_kubeconfig(desk: Desk) -> Desk:
    desk.has(fakes.cluster())
    desk.service.says("POST", f"{KUBE}/{CLUSTER}/kubeconfig", {"content": yaml.safe_dump(KUBECONFIG)})
    return desk


class TestList:
    def test_table(self, desk: Desk) -> None:
        desk.has(
            fakes.cluster(), fakes.cluster(id=OTHER, name="b", status="INSTALLING", createdAt="2030-01-02T00:00:00Z")
        )
        result = desk.run("cluster", "list")
        assert result.code == 0
        assert result.out.splitlines() == [
            "NAME  ID                                    STATUS      VERSION  REGION  PLAN  CREATED",
            f"demo  {CLUSTER}  READY       1.37.2   LOCAL1  free  2030-01-01T00:00:00Z",
            f"b     {OTHER}  INSTALLING  1.37.2   LOCAL1  free  2030-01-02T00:00:00Z",
        ]

    def test_wide_has_more_columns(self, desk: Desk) -> None:
        desk.has(fakes.cluster())
        assert "100.64.0.2:6443" in desk.run("cluster", "list", "-o", "wide").out

    def test_json_is_the_answer_as_it_was(self, desk: Desk) -> None:
        desk.has(fakes.cluster(somethingNew={"a": None}))
        assert desk.run("cluster", "list", "-o", "json").json == [fakes.cluster(somethingNew={"a": None})]

    def test_yaml(self, desk: Desk) -> None:
        desk.has(fakes.cluster())
        assert yaml.safe_load(desk.run("cluster", "list", "-o", "yaml").out) == [fakes.cluster()]

    def test_name_prints_identifiers(self, desk: Desk) -> None:
        desk.has(fakes.cluster())
        assert desk.run("cluster", "list", "-o", "name").out == f"{CLUSTER}\n"

    def test_none_is_an_empty_list_for_programs_and_a_sentence_for_people(self, desk: Desk) -> None:
        desk.has()
        assert desk.run("cluster", "list", "-o", "json").json == []
        result = desk.run("cluster", "list")
        assert (result.code, result.out) == (0, "")
        assert "steward cluster create" in result.err

    def test_one_that_went_away_meanwhile_is_left_out(self, desk: Desk) -> None:
        desk.has(fakes.cluster())
        desk.service.says("GET", KUBE, [OTHER, CLUSTER])
        assert desk.run("cluster", "list", "-o", "name").out == f"{CLUSTER}\n"

    def test_control_characters_do_not_reach_the_terminal(self, desk: Desk) -> None:
        desk.has(fakes.cluster(name="de\x1b[31mmo"))
        assert "\x1b" not in desk.run("cluster", "list").out

    def test_another_project(self, desk: Desk) -> None:
        desk.service.says("GET", "/1.0/cloud/project/another/kube", [])
        assert desk.run("--project", "another", "cluster", "list").code == 0

    @pytest.mark.parametrize(
        ("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
    )
    def test_colour_is_for_terminals(self, desk: Desk, variables: dict[str, str], coloured: bool) -> None:
        desk.has(fakes.cluster())
        desk.person = True
        desk.environ |= variables
        assert ("\x1b[32mREADY\x1b[0m" in desk.run("cluster", "list").out) == coloured


class TestShow:
    def test_by_name(self, desk: Desk) -> None:
        desk.has(fakes.cluster(nextUpgradeVersions=["1.38"]))
        result = desk.run("cluster", "show", "demo")
        assert "Status   READY" in result.out
        assert "Next     1.38" in result.out

    def test_by_id_without_reading_the_list(self, desk: Desk) -> None:
        desk.has(fakes.cluster())
        assert desk.run("cluster", "show", CLUSTER, "-o", "json").json == fakes.cluster()
        assert not desk.service.asked("GET", KUBE)

    def test_a_name_that_looks_like_an_id(self, desk: Desk) -> None:
        desk.has(fakes.cluster(name=OTHER))
        assert desk.run("cluster", "show", OTHER, "-o", "name").out == f"{CLUSTER}\n"

    def test_an_ambiguous_name_is_refused_with_the_ids(self, desk: Desk) -> None:
        desk.has(fakes.cluster(), fakes.cluster(id=OTHER))
        result = desk.run("cluster", "show", "demo")
        assert result.code == 2
        assert CLUSTER in result.err
        assert OTHER in result.err

    def test_an_unknown_name_lists_what_there_is(self, desk: Desk) -> None:
        desk.has(fakes.cluster())
        result = desk.run("cluster", "show", "dmeo")
        assert result.code == 3
        assert "There are: demo." in result.err


class TestCreate:
    def test_all_options(self, desk: Desk) -> None:
        desk.service.says("POST", KUBE, fakes.cluster(status="INSTALLING"))
        result = desk.run(
            *("cluster", "create", "--name", "demo", "--region", "LOCAL1", "--version", "1.37", "--plan", "free"),
            *("--update-policy", "NEVER_UPDATE", "--kube-proxy-mode", "ipvs"),
            *("--flavor", "b3-8", "--nodes", "2", "--pool-name", "workers"),
        )
        assert result.code == 0
        assert desk.service.sent("POST", KUBE) == {
            "name": "demo",
            "region": "LOCAL1",
            "version": "1.37",
            "plan": "free",
            "updatePolicy": "NEVER_UPDATE",
            "kubeProxyMode": "ipvs",
            "nodepool": {"flavorName": "b3-8", "desiredNodes": 2, "name": "workers"},
        }
        assert f"steward progress {CLUSTER} --follow" in result.err

    def test_the_only_region_need_not_be_named(self, desk: Desk) -> None:
        desk.service.says("POST", KUBE, fakes.cluster())
        desk.service.says("GET", KUBE.replace("/kube", "/capabilities/kube/regions"), ["LOCAL1"])
        result = desk.run("cluster", "create")
        assert desk.service.sent("POST", KUBE) == {"region": "LOCAL1"}
        assert "LOCAL1" in result.err

    def test_one_of_several_regions_must_be(self, desk: Desk) -> None:
        desk.service.says("GET", KUBE.replace("/kube", "/capabilities/kube/regions"), ["LOCAL1", "LOCAL2"])
        result = desk.run("cluster", "create")
        assert result.code == 2
        assert "LOCAL1, LOCAL2" in result.err

    def test_a_pool_needs_a_flavor(self, desk: Desk) -> None:
        result = desk.run("cluster", "create", "--region", "LOCAL1", "--nodes", "2")
        assert result.code == 2
        assert "--flavor" in result.err
        assert not desk.service.requests

    @pytest.mark.parametrize("text", ["region: LOCAL1\nname: from-file\n", '{"region": "LOCAL1", "name": "from-file"}'])
    def test_from_a_file_with_an_option_over_it(self, desk: Desk, text: str) -> None:
        (desk.folder / "order").write_text(text)
        desk.service.says("POST", KUBE, fakes.cluster())
        desk.run("cluster", "create", "--file", "order", "--name", "mine")
        assert desk.service.sent("POST", KUBE) == {"region": "LOCAL1", "name": "mine"}

    def test_from_standard_input(self, desk: Desk) -> None:
        desk.service.says("POST", KUBE, fakes.cluster())
        desk.run("cluster", "create", "-f", "-", typed="region: LOCAL1")
        assert desk.service.sent("POST", KUBE) == {"region": "LOCAL1"}

    @pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "just words"])
    def test_a_file_that_is_no_order(self, desk: Desk, text: str) -> None:
        (desk.folder / "order").write_text(text)
        assert desk.run("cluster", "create", "--file", "order").code == 2

    def test_a_file_that_is_not_there(self, desk: Desk) -> None:
        assert desk.run("cluster", "create", "--file", "nowhere").code == 2

    def test_a_timeout_that_is_none_is_refused_before_the_order(self, desk: Desk) -> None:
        result = desk.run("cluster", "create", "--region", "LOCAL1", "--wait", "--timeout", "soon")
        assert result.code == 2
        assert not desk.service.requests

    def test_save_kubeconfig_waits_first(self, with_kubeconfig: Desk) -> None:
        desk = with_kubeconfig
        desk.service.says("POST", KUBE, fakes.cluster(status="INSTALLING"))
        desk.service.says("GET", f"{KUBE}/{CLUSTER}", fakes.cluster(status="INSTALLING"), fakes.cluster())
        desk.service.says("GET", f"{KUBE}/{CLUSTER}/nodepool", [])
        result = desk.run("cluster", "create", "--region", "LOCAL1", "--save-kubeconfig")
        assert result.code == 0
        assert yaml.safe_load((desk.home / ".kube/config").read_text()) == KUBECONFIG


class TestRename:
    def test_it(self, desk: Desk) -> None:
        desk.has(fakes.cluster())
        desk.service.says("PUT", f"{KUBE}/{CLUSTER}", None)
        assert desk.run("cluster", "rename", "demo", "better").code == 0
        assert desk.service.sent("PUT", f"{KUBE}/{CLUSTER}") == {"name": "better"}


class TestKubeconfig:
    def test_printed(self, with_kubeconfig: Desk) -> None:
        result = with_kubeconfig.run("cluster", "kubeconfig", "demo")
        assert yaml.safe_load(result.out) == KUBECONFIG
        (request,) = with_kubeconfig.service.asked("POST", f"{KUBE}/{CLUSTER}/kubeconfig")
        assert request.content == b""
        assert "content-type" not in request.headers

    @pytest.mark.parametrize(("form", "parse"), [("yaml", yaml.safe_load), ("json", json.loads)])
    def test_o_is_a_form_as_everywhere(self, with_kubeconfig: Desk, form: str, parse: Callable[[str], object]) -> None:
        result = with_kubeconfig.run("cluster", "kubeconfig", "demo", "-o", form)
        assert parse(result.out) == KUBECONFIG
        assert list(with_kubeconfig.folder.iterdir()) == []

    def test_to_a_file_of_ones_own(self, with_kubeconfig: Desk) -> None:
        result = with_kubeconfig.run("cluster", "kubeconfig", "demo", "--file", "config")
        file = with_kubeconfig.folder / "config"
        assert yaml.safe_load(file.read_text()) == KUBECONFIG
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert result.out == ""

    def test_merged_into_the_first_file_of_kubeconfig(self, with_kubeconfig: Desk) -> None:
        desk = with_kubeconfig
        desk.environ["KUBECONFIG"] = f"{desk.folder / 'one'}:{desk.folder / 'two'}"
        result = desk.run("cluster", "kubeconfig", "demo", "--merge")
        assert yaml.safe_load((desk.folder / "one").read_text())["current-context"] == "kubernetes-admin@demo"
        assert "kubernetes-admin@demo" in result.err

    def test_an_unreadable_file_is_left_alone(self, with_kubeconfig: Desk) -> None:
        desk = with_kubeconfig
        (desk.folder / "one").write_text("clusters: [\ntoken: hidden")
        result = desk.run("cluster", "kubeconfig", "demo", "--merge", "--file", "one")
        assert result.code == 1
        assert "nothing was changed" in result.err
        assert "hidden" not in result.err
        assert (desk.folder / "one").read_text() == "clusters: [\ntoken: hidden"


class TestDelete:
    def test_nobody_to_ask(self, desk: Desk) -> None:
        desk.has(fakes.cluster())
        result = desk.run("cluster", "delete", "demo")
        assert result.code == 2
        assert "--yes" in result.err
        assert not desk.service.asked("DELETE", f"{KUBE}/{CLUSTER}")

    @pytest.mark.parametrize(("typed", "code"), [("demo\n", 0), ("yes\n", 2), ("", 2)])
    def test_the_name_must_be_typed(self, desk: Desk, typed: str, code: int) -> None:
        desk.has(fakes.cluster())
        desk.service.says("DELETE", f"{KUBE}/{CLUSTER}", None)
        desk.person = True
        assert desk.run("cluster", "delete", CLUSTER, typed=typed).code == code
        assert len(desk.service.asked("DELETE", f"{KUBE}/{CLUSTER}")) == (code == 0)

    def test_yes(self, desk: Desk) -> None:
        desk.has(fakes.cluster())
        desk.service.says("DELETE", f"{KUBE}/{CLUSTER}", None)
        result = desk.run("cluster", "delete", "demo", "--yes")
        assert (result.code, result.out) == (0, "")


def test_tables_go_to_standard_output_and_sentences_to_standard_error(desk: Desk) -> None:
    desk.service.says("POST", KUBE, fakes.cluster())
    result = desk.run("cluster", "create", "--region", "LOCAL1", "-o", "json")
    assert json.loads(result.out)["id"] == CLUSTER


@pytest.mark.parametrize(
    "arguments", [("list",), ("show", "demo"), ("delete", "demo", "--yes"), ("kubeconfig", "demo")]
)
def test_who_acts_as_the_provider_never_acts_with_the_customers_keys(
    with_kubeconfig: Desk, arguments: tuple[str, ...]
) -> None:
    with_kubeconfig.service.says("DELETE", f"{KUBE}/{CLUSTER}", None)
    assert with_kubeconfig.run("--as", "provider", "cluster", *arguments).code == 0
    assert with_kubeconfig.service.requests
    for request in with_kubeconfig.service.requests:
        assert request.headers["authorization"] == "Bearer operators-token", request.url
        assert "x-ovh-consumer" not in request.headers
