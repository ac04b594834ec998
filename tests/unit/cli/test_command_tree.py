"""All commands at once: each is explained, completion never fails, and starting stays cheap."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer import _click as click
from typer.core import TyperGroup
from typer.main import get_command

from steward.cli import completion, session
from tests.unit.cli import fakes
from tests.unit.cli.fakes import CLUSTER, KUBE, Desk

COMMANDS = {
    *("serve", "doctor", "components", "events", "progress", "region list", "flavor list"),
    *("project create", "project list", "project show"),
    *(f"project credentials {verb}" for verb in ("create", "list", "revoke", "validate", "refuse")),
    *(f"people {verb}" for verb in ("list", "invite", "role", "suspend", "resume", "close", "reset", "password")),
    *(f"tokens {verb}" for verb in ("list", "create", "revoke")),
    *(f"oauth2 {verb}" for verb in ("list", "create", "remove")),
    *(f"account {verb}" for verb in ("show", "suspend", "resume", "close")),
    *(f"cluster {verb}" for verb in ("create", "list", "show", "kubeconfig", "rename", "delete")),
    *(f"cluster {verb}" for verb in ("customization", "reset", "reset-kubeconfig", "restart", "update")),
    *(f"cluster oidc {verb}" for verb in ("remove", "set", "show")),
    *(f"cluster restrictions {verb}" for verb in ("list", "add", "set", "remove", "clear")),
    *(f"pool {verb}" for verb in ("create", "list", "show", "edit", "delete")),
    *(f"node {verb}" for verb in ("list", "show", "delete")),
    *(f"network {verb}" for verb in ("list", "show", "create", "rename", "delete")),
    *(f"network {each} {verb}" for each in ("subnet", "gateway") for verb in ("list", "create", "delete")),
    *(f"access {verb}" for verb in ("request", "list", "show", "approve", "deny", "end", "review", "kubeconfig")),
    *(f"quota {verb}" for verb in ("show", "request", "requests", "withdraw", "grant", "refuse")),
    *(f"ticket {verb}" for verb in ("open", "list", "show", "answer", "acknowledge", "close", "link")),
    *(f"incident {verb}" for verb in ("list", "show", "open", "update", "resolve")),
    *(f"outages {verb}" for verb in ("list", "show", "dispute", "settle", "availability", "rules")),
    "verify",
    *(f"ledger {verb}" for verb in ("show", "list", "keys", "export", "checkpoint", "erase", "rotate")),
    *("why", "delegate", "delegations list", "delegations revoke"),
    *("report", "attest", "inbox"),
    *(f"attestations {verb}" for verb in ("list", "withdraw")),
    *(f"reviews {verb}" for verb in ("show", "done")),
    *(f"risks {verb}" for verb in ("list", "add", "change", "accept", "close")),
    *(f"audit {verb}" for verb in ("findings", "credentials", "windows")),
    *(f"logs {verb}" for verb in ("streams", "stream", "test", "remove", "list", "subscribe", "unsubscribe", "url")),
    *(f"webhooks {verb}" for verb in ("list", "add", "rotate", "test", "remove")),
    *(f"contract {verb}" for verb in ("show", "diff", "accept")),
}


def _commands(group: object, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command below, with its whole name."""
    assert isinstance(group, TyperGroup)
    context = typer.Context(group)
    for each in group.list_commands(context):
        command = group.get_command(context, each)
        assert command is not None
        yield f"{name}{each}", command
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{name}{each} ")


def test_the_commands(desk: Desk) -> None:
    found = {name for name, each in _commands(get_command(desk.app())) if not isinstance(each, TyperGroup)}
    assert found == COMMANDS


def test_every_command_and_parameter_is_explained(desk: Desk) -> None:
    for name, command in _commands(get_command(desk.app())):
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{name} {parameter.name}"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help(desk: Desk, command: str) -> None:
    assert desk.run(*command.split(), "--help").code == 0
    assert not desk.service.requests


def test_the_command_of_the_provider_says_so(desk: Desk) -> None:
    words = " ".join(desk.run("project", "create", "--help").out.split())
    assert "Acts as the provider" in words


def test_version(desk: Desk) -> None:
    result = desk.run("--version")
    assert (result.code, result.out.split()[0]) == (0, "steward")


class TestCompletion:
    @pytest.fixture
    def context(self, desk: Desk) -> typer.Context:
        """The shell's: no command has run, and the terminal is the desk's."""
        context = typer.Context(get_command(desk.app()))
        context.obj = desk.session()
        return context

    def test_clusters(self, desk: Desk, context: typer.Context) -> None:
        desk.has(fakes.cluster(), fakes.cluster(id=fakes.OTHER, name="other"))
        assert completion.clusters(context, "de") == [("demo", f"READY {CLUSTER}")]

    def test_pools_and_nodes_of_the_named_cluster(self, desk: Desk, context: typer.Context) -> None:
        desk.has_pools(fakes.pool())
        desk.has_nodes(fakes.node())
        context.params["cluster"] = "demo"
        assert completion.pools(context, "") == [("workers", "READY b3-8")]
        assert completion.nodes(context, "") == [("workers-node-bbbbbb", "READY b3-8")]

    def test_nobody_answers(self, desk: Desk, context: typer.Context) -> None:
        desk.service.is_away("GET", "/1.0/auth/time")
        assert completion.clusters(context, "") == []

    def test_no_configuration(self, desk: Desk, context: typer.Context) -> None:
        desk.environ.clear()
        assert completion.clusters(context, "") == []
        assert completion.pools(context, "") == []

    def test_an_answer_that_is_none(self, desk: Desk, context: typer.Context) -> None:
        desk.service.says("GET", KUBE, {"what": "is this"})
        assert completion.clusters(context, "") == []


def test_without_a_session_the_real_terminal_is_used(desk: Desk) -> None:
    made = session.of(typer.Context(get_command(desk.app())))
    assert made.terminal.out is sys.stdout


def test_listing_clusters_imports_neither_yaml_nor_rich_nor_the_other_nouns() -> None:
    code = """
import sys, typer.main
from steward.cli import app
tree = typer.main.get_command(app.build(serve=int, doctor=int, components=int))
tree.get_command(typer.Context(tree), "cluster")
print(sorted(set(sys.modules) & {"yaml", "rich.table", "rich.live", "steward.cli.nodes", "steward.settings"}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
