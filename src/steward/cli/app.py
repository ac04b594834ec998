"""The command `steward`: its nouns, and what happens when one of them fails.

`build` is called by bootstrap, which gives it the commands that need more than the API. The nouns are
imported when they are named: reading all of them would double the time of `steward cluster list`.
"""

import importlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Protocol

import typer
import typer.main
from typer import _click as click  # the base of typer's own classes, which it keeps under this name only
from typer.core import TyperGroup

from steward.cli import failures
from steward.cli import session as session_
from steward.cli import terminal as terminal_

NOUNS = {
    "project": "projects",
    "cluster": "clusters",
    "pool": "nodepools",
    "node": "nodes",
    "network": "private_networks",
    "region": "regions",
    "flavor": "flavors",
    "people": "people",
    "tokens": "tokens",
    "oauth2": "oauth2",
    "account": "accounts",
    "contract": "contracts",
    "delegate": "delegate",
    "delegations": "delegations",
    "why": "why",
    "report": "report",
    "attest": "attest",
    "attestations": "attestations",
    "reviews": "reviews",
    "risks": "risks",
    "events": "events",
    "access": "accesses",
    "quota": "quotas",
    "ticket": "tickets",
    "incident": "incidents",
    "outages": "outages",
    "progress": "progress",
    "audit": "audits",
    "logs": "logs",
    "ledger": "ledgers",
    "verify": "verification",
    "inbox": "notices",
    "webhooks": "webhooks",
}
"""Command to the module of this package whose `app` it is."""

EPILOG = "Exit codes: " + " · ".join(f"{code} {meaning}" for code, meaning in failures.EXIT_CODES.items())


class Form(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class Serve(Protocol):
    """Runs the service until it is asked to end; returns the exit code."""

    def __call__(self) -> int: ...


class Doctor(Protocol):
    """Says what this machine lacks, as `table`, `json` or `yaml`; returns 0 when nothing."""

    def __call__(self, *, form: str) -> int: ...


class Components(Protocol):
    """Obtains the components of these Kubernetes versions, the default one where none is named."""

    def __call__(self, *, versions: Sequence[str]) -> int: ...


class Root(TyperGroup):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *(noun for noun in NOUNS if noun not in self.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in NOUNS and cmd_name not in self.commands:
            self.add_command(_noun(cmd_name), cmd_name)
        if cmd_name not in self.commands:
            # A typing error: typer suggests the nearest of the commands that it knows.
            for noun in NOUNS:
                self.add_command(_noun(noun), noun)
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        if not isinstance(ctx.obj, session_.Session):
            ctx.obj = session_.Session(terminal_.real())
        session = ctx.obj
        try:
            with failures.told(session):
                outcome: object = super().invoke(ctx)
                return outcome
        finally:
            session.close()


def build(*, serve: Serve, doctor: Doctor, components: Components) -> typer.Typer:
    app = typer.Typer(
        name="steward",
        cls=Root,
        help="Managed Kubernetes: run the service, and order clusters from it.",
        epilog=EPILOG,
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,  # locals hold secrets
    )
    app.callback()(root)

    @app.command("serve")
    def serve_() -> None:
        """Run the service. Its settings are STEWARD_* variables of the environment."""
        raise typer.Exit(serve())

    @app.command("doctor")
    def doctor_(
        form: Annotated[Form, typer.Option("--output", "-o", help="Form of the findings.")] = Form.TABLE,
        as_json: Annotated[bool, typer.Option("--json", help="The same as -o json.")] = False,
    ) -> None:
        """Say what this machine lacks for running clusters, and the command that mends it."""
        raise typer.Exit(doctor(form=Form.JSON if as_json else form))

    @app.command("components")
    def components_(
        versions: Annotated[
            list[str] | None, typer.Argument(help="Kubernetes versions, such as 1.36.3. Default: the newest.")
        ] = None,
    ) -> None:
        """Obtain what clusters are made of: built, downloaded, or taken from the cache."""
        raise typer.Exit(components(versions=versions or []))

    return app


def _print_version(asked: bool) -> None:
    if asked:
        from importlib import metadata

        typer.echo(f"steward {metadata.version('steward')}")
        raise typer.Exit


def root(
    ctx: typer.Context,
    project: Annotated[
        str, typer.Option(help="Id of the project, instead of OVH_CLOUD_PROJECT_SERVICE.", show_default=False)
    ] = "",
    party: Annotated[
        session_.Party,
        typer.Option("--as", help="Party that asks: the customer by its keys, the provider by STEWARD_PROVIDER_TOKEN."),
    ] = session_.Party.CUSTOMER,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    session = session_.of(ctx)
    session.chosen_project, session.chosen_party = project, party


def _noun(name: str) -> click.Command:
    """A module with one command is that command; its others are groups, of a single command too."""
    module = importlib.import_module(f"steward.cli.{NOUNS[name]}")
    app: typer.Typer = module.app
    made = typer.main.get_group(app) if app.info.help else typer.main.get_command(app)
    made.name = name
    return made
