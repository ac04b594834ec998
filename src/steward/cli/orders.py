"""What is sent when a cluster or a pool is ordered: a file's content, and over it what the options say."""

from collections.abc import Mapping, Sequence

from steward.cli import failures, naming, options
from steward.cli import session as session_
from steward.client import capabilities, models


def cluster(
    session: session_.Session, file: str, given: Mapping[str, object], pool: Mapping[str, object] | None
) -> dict[str, object]:
    order = from_file(session, file) | {key: value for key, value in given.items() if value}
    if pool is not None:
        order.pop("nodepools", None)
        order["nodepool"] = dict(pool)
    if not order.get("region"):
        order["region"] = _only_region(session)
    return order


def first_pool(*, flavor: str, nodes: int | None, name: str) -> dict[str, object] | None:
    if not flavor:
        if nodes is not None or name:
            raise failures.Usage("--nodes and --pool-name describe a node pool, which needs --flavor as well.")
        return None
    pool: dict[str, object] = {"flavorName": flavor}
    if nodes is not None:
        pool["desiredNodes"] = nodes
    if name:
        pool["name"] = name
    return pool


def on_network(
    session: session_.Session, order: Mapping[str, object], *, network: str, subnet: str, routing: bool, gateway: str
) -> dict[str, object]:
    """What an order says of the network, on top of the order itself, which names the region."""
    if not network:
        if subnet or routing or gateway:
            raise failures.Usage("--subnet, --private-routing and --default-gateway need --network as well.")
        return {}
    found = naming.private_network(session, network)
    place = next((each for each in found["regions"] if each["region"] == order["region"]), None)
    if place is None:
        regions = ", ".join(each["region"] for each in found["regions"]) or "none"
        raise failures.Usage(f"{found['name']} is not in region {order['region']}. It is in: {regions}.")
    fields: dict[str, object] = {"privateNetworkId": place["openstackId"]}
    if subnet:
        fields["nodesSubnetId"] = naming.subnet(session, found, subnet)["id"]
    if routing or gateway:
        fields["privateNetworkConfiguration"] = {
            "privateNetworkRoutingAsDefault": routing,
            "defaultVrackGateway": gateway,
        }
    return fields


def template(
    labels: Sequence[str], taints: Sequence[str], *, present: models.Template | None = None
) -> dict[str, object] | None:
    """The whole template, which is how the API takes it; None where nothing of it was asked for.

    `key-` takes a label away, `key:Effect-` or `key-` a taint.
    """
    if not labels and not taints:
        return None
    metadata = present["metadata"] if present else None
    spec = present["spec"] if present else None
    return {
        "metadata": {
            "annotations": metadata["annotations"] if metadata else {},
            "finalizers": metadata["finalizers"] if metadata else [],
            "labels": _labels(metadata["labels"] if metadata else {}, labels),
        },
        "spec": {
            "taints": _taints(spec["taints"] if spec else [], taints),
            "unschedulable": spec["unschedulable"] if spec else False,
        },
    }


def from_file(session: session_.Session, file: str) -> dict[str, object]:
    if not file:
        return {}
    import yaml

    terminal = session.terminal
    try:
        # JSON is YAML as well.
        text = terminal.input.read() if file == "-" else (terminal.folder / file).read_text()
        content = yaml.safe_load(text)
    except OSError as error:
        raise failures.Usage(f"{file} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise failures.Usage(f"{file} is neither YAML nor JSON: {error}") from None
    if not isinstance(content, dict):
        raise failures.Usage(f"{file} does not hold an order: it must be fields and values, such as `region: LOCAL1`.")
    return {str(key): value for key, value in content.items()}


def only(regions: Sequence[str]) -> str:
    """Which region is meant where none was given; a person has to say where there is more than one."""
    if len(regions) != 1:
        raise failures.Usage(f"Which region? Give --region, one of: {', '.join(regions) or 'none'}.")
    return regions[0]


def _only_region(session: session_.Session) -> str:
    regions = capabilities.regions(session.link(), session.project)
    region = only(regions)
    session.terminal.say(f"Region {region}, the only one there is.")
    return region


def _labels(present: Mapping[str, str], changes: Sequence[str]) -> dict[str, str]:
    labels = dict(present)
    for change in changes:
        if change.endswith("-") and "=" not in change:
            labels.pop(change[:-1], None)
        else:
            key, value = options.pair(change)
            labels[key] = value
    return labels


def _taints(present: Sequence[models.Taint], changes: Sequence[str]) -> list[dict[str, str]]:
    """A key may be there once per effect, as in Kubernetes."""
    taints = {(taint["key"], taint["effect"]): taint["value"] for taint in present}
    for change in changes:
        if change.endswith("-"):
            key, _, effect = change[:-1].partition(":")
            for held in [held for held in taints if held[0] == key.partition("=")[0] and effect in ("", held[1])]:
                del taints[held]
        else:
            taint = options.taint(change)
            taints[taint["key"], taint["effect"]] = taint["value"]
    return [{"key": key, "value": value, "effect": effect} for (key, effect), value in taints.items()]
