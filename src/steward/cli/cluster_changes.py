"""`steward cluster restart`, `customization` and `oidc`: what is changed of a cluster that stands.

`clusters` takes the commands into its own.
"""

import base64
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from steward.cli import naming, options, output
from steward.cli import session as session_
from steward.client import clusters, customizations, openidconnects

Plugin = Annotated[list[str] | None, typer.Option(help="Admission plugin of the API server; may be given repeatedly.")]

CUSTOMIZATION: list[output.Column[dict[str, Any]]] = [
    output.Column(title="ON", value=lambda row: row["apiServer"]["admissionPlugins"]["enabled"]),
    output.Column(title="OFF", value=lambda row: row["apiServer"]["admissionPlugins"]["disabled"]),
    output.Column(title="PROXY", value=lambda row: json.dumps(row["kubeProxy"])),
]
LOGIN: list[output.Column[dict[str, Any]]] = [
    output.Column(title="ISSUER", value=lambda row: row["issuerUrl"]),
    output.Column(title="CLIENT", value=lambda row: row["clientId"]),
    output.Column(title="USERNAME", value=lambda row: row["usernameClaim"]),
    output.Column(title="GROUPS", value=lambda row: row["groupsClaim"]),
    output.Column(title="REQUIRED", value=lambda row: row["requiredClaim"]),
]

oidc = typer.Typer(help="Logins by an OpenID provider: look at, set, take away.", no_args_is_help=True)


def restart(
    ctx: typer.Context,
    cluster: options.Cluster,
    force: Annotated[bool, typer.Option("--force", help="At once: requests are refused for some seconds.")] = False,
) -> None:
    """Restart a cluster's API server; without --force no request is refused."""
    session = session_.of(ctx)
    found = naming.cluster(session, cluster)
    clusters.restart(session.link(), session.project, found["id"], force=force)
    session.terminal.say(f"The API server of {found['name']} is being restarted.")


def customization(
    ctx: typer.Context,
    cluster: options.Cluster,
    enable: Plugin = None,
    disable: Plugin = None,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show what is adapted of a cluster; with --enable or --disable change its admission plugins first."""
    session = session_.of(ctx)
    link, project, found = session.link(), session.project, naming.cluster(session, cluster)
    on, off = set(enable or ()), set(disable or ())
    if on or off:
        present = customizations.get(link, project, found["id"])["apiServer"]["admissionPlugins"]
        plugins = {
            "enabled": sorted({*present["enabled"], *on} - off),
            "disabled": sorted({*present["disabled"], *off} - on),
        }
        told = customizations.change(link, project, found["id"], {"apiServer": {"admissionPlugins": plugins}})
        session.terminal.say(f"{told}.")
    seen = {"id": found["id"], **customizations.get(link, project, found["id"])}
    output.single(session.terminal, form, seen, CUSTOMIZATION, name="id")


@oidc.command("show")
def show(ctx: typer.Context, cluster: options.Cluster, form: options.Output = output.Format.TABLE) -> None:
    """Show by whom people log in to a cluster."""
    session = session_.of(ctx)
    found = naming.cluster(session, cluster)
    present = openidconnects.get(session.link(), session.project, found["id"])
    if present is None:
        session.terminal.say("Nobody logs in by a provider. To set one: steward cluster oidc set")
    else:
        output.single(session.terminal, form, present, LOGIN, name="clientId")


@oidc.command("set")
def set_(  # noqa: PLR0913 - every option is a field
    ctx: typer.Context,
    cluster: options.Cluster,
    issuer: Annotated[str, typer.Option(help="URL of the provider, https.")],
    client: Annotated[str, typer.Option(help="Id of the client that tokens are for.")],
    username_claim: Annotated[str, typer.Option(help="Claim with a person's name; sub where none is given.")] = "",
    groups_claim: Annotated[list[str] | None, typer.Option(help="Claim with groups; repeatable.")] = None,
    required: Annotated[list[str] | None, typer.Option(help="KEY=VALUE that a token has to have; repeatable.")] = None,
    authority: Annotated[Path | None, typer.Option(help="PEM file of the authority of its certificate.")] = None,
) -> None:
    """Let people log in to a cluster by an OpenID provider; what is not named stays as it is."""
    session = session_.of(ctx)
    found = naming.cluster(session, cluster)
    given: dict[str, object] = {
        "issuerUrl": issuer,
        "clientId": client,
        "usernameClaim": username_claim,
        "groupsClaim": groups_claim,
        "requiredClaim": required,
        "caContent": base64.b64encode(authority.read_bytes()).decode() if authority else None,
    }
    body = {name: value for name, value in given.items() if value}
    link, project = session.link(), session.project
    present = openidconnects.get(link, project, found["id"])
    (openidconnects.create if present is None else openidconnects.change)(link, project, found["id"], body)
    session.terminal.say(f"People log in to {found['name']} by {issuer} once it is READY again.")


@oidc.command("remove")
def remove(ctx: typer.Context, cluster: options.Cluster) -> None:
    """Let nobody log in to a cluster by its provider any more."""
    session = session_.of(ctx)
    found = naming.cluster(session, cluster)
    openidconnects.remove(session.link(), session.project, found["id"])
    session.terminal.say(f"Nobody logs in to {found['name']} by a provider once it is READY again.")
