"""Options and arguments that several commands share, and how their texts are read."""

import re
from typing import Annotated

import typer

from steward.cli import completion, failures, output
from steward.cli import session as session_

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_LABEL_FORM = "KEY=VALUE"
_TAINT_FORM = "KEY=VALUE:EFFECT"
EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")


Party = session_.Party


def duration(text: str) -> float:
    """Seconds of `90`, `90s`, `15m`, `1h30m` or `7d`."""
    match = _DURATION.fullmatch(text.strip())
    if not match or not any(match.groups()):
        raise typer.BadParameter(f"{text!r} is not a duration such as 90s, 15m, 1h30m or 7d")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(days * 86400 + hours * 3600 + minutes * 60 + seconds)


def pair(text: str) -> tuple[str, str]:
    """A label: `key=value`."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise failures.Usage(f"The label {text!r} has not the form {_LABEL_FORM}.")
    return key, value


def taint(text: str) -> dict[str, str]:
    """`key=value:Effect`, or `key:Effect` for a taint without a value."""
    head, colon, effect = text.rpartition(":")
    key, _, value = head.partition("=")
    if not colon or not key or effect not in EFFECTS:
        raise failures.Usage(
            f"The taint {text!r} has not the form {_TAINT_FORM}, with an effect of {', '.join(EFFECTS)}."
        )
    return {"key": key, "value": value, "effect": effect}


Output = Annotated[
    output.Format,
    typer.Option("--output", "-o", help="Form of the result; name prints identifiers only, one per line."),
]
Cluster = Annotated[str, typer.Argument(help="Name or id of the cluster.", autocompletion=completion.clusters)]
Pool = Annotated[str, typer.Argument(help="Name or id of the node pool.", autocompletion=completion.pools)]
Node = Annotated[str, typer.Argument(help="Name or id of the node.", autocompletion=completion.nodes)]
PrivateNetwork = Annotated[
    str, typer.Argument(help="Name or id of the private network.", autocompletion=completion.private_networks)
]
Network = Annotated[
    str,
    typer.Option(help="Private network that nodes are on, its name or id.", autocompletion=completion.private_networks),
]
Wait = Annotated[bool, typer.Option("--wait", help="Stay until the work is done, showing its steps.")]
Timeout = Annotated[
    str, typer.Option("--timeout", help="Longest wait, as in 90s, 15m or 1h30m. The work goes on after it.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for the name first.")]
As = Annotated[
    Party, typer.Option("--as", help="Party that asks: the customer by its keys, the provider by its person's token.")
]
Region = Annotated[
    str, typer.Option(help="Region, as `steward region list` shows it.", autocompletion=completion.regions)
]
Flavor = Annotated[
    str, typer.Option(help="Size of a node, as `steward flavor list` shows it.", autocompletion=completion.flavors)
]
