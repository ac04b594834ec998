"""`docs/settings.md`: every setting of the service, from `steward.settings` and the words beside each field."""

import ast
import inspect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.generate import markdown
from steward import settings

_HEAD = """# Settings

The service reads its settings from the environment when it starts; `steward doctor` reads the same ones. There is no
settings file: a systemd unit names an environment file ([operations.md](operations.md)), a shell exports them. A
setting that is not right stops `steward serve` before anything is changed, and the message names it.

Lists are written as JSON. Paths may be relative to the folder in which the service starts.

"""

_TAIL = """
## What the command line reads

The command line is a client of the API. It takes each value from the environment, then from `.steward/demo.env` in the
current folder (or from the file that `STEWARD_ENV` names), then from `~/.ovh.conf` as go-ovh reads it, where the
endpoint there is a URL.

| Variable | Default | Meaning |
| --- | --- | --- |
| `OVH_ENDPOINT` | `http://127.0.0.1:8080/1.0` | URL of the API. Names of OVHcloud's own endpoints are refused. |
| `OVH_APPLICATION_KEY` | | A customer's keys; `steward --as provider project credentials create` gives all three. |
| `OVH_APPLICATION_SECRET` | | As above. |
| `OVH_CONSUMER_KEY` | | As above. |
| `OVH_CLOUD_PROJECT_SERVICE` | | Id of the project; `--project` wins over it. |
| `STEWARD_ENV` | `.steward/demo.env` | File of `NAME=value` lines to take the above from. |
| `STEWARD_PROVIDER_TOKEN` | | Token of a person of the provider, for commands with `--as provider`. |
| `STEWARD_CUSTOMER_TOKEN` | | Token of a person of the customer; taken instead of the keys where it is set. |
| `STEWARD_STATE` | `/var/lib/steward` | Where `operator.token` lies, when `STEWARD_PROVIDER_TOKEN` is empty. |

`make demo` writes two variables more, for shells: `STEWARD_CLUSTER_ID`, the id of its cluster, and `STEWARD_BIN`, the
folder with kubectl and the other programs of the cluster's version. Nothing of steward reads them.
"""

_FORMS: dict[object, str] = {
    str: "text",
    Path: "path",
    int: "whole number",
    float: "number",
    SecretStr: "text, secret",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    name: str
    form: str
    default: str
    meaning: str


def page() -> str:
    rows = ([markdown.code(each.name), each.form, markdown.code(each.default), each.meaning] for each in every())
    table = markdown.table(["Variable", "Form", "Default", "Meaning"], rows)
    return markdown.NOTE.format(source="src/steward/settings.py") + _HEAD + "## The service\n\n" + table + _TAIL


def every() -> Iterator[Setting]:
    words = meanings()
    for name, field in settings.Settings.model_fields.items():
        yield Setting(
            name=f"STEWARD_{name.upper()}",
            form=_form(field),
            default=_default(field),
            meaning=words.get(name, ""),
        )


def meanings() -> dict[str, str]:
    """The string that stands below each field."""
    tree = ast.parse(inspect.getsource(settings.Settings))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    found = {}
    for field, below in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[ast.unparse(field.target)] = str(below.value.value)
    return found


def _form(field: FieldInfo) -> str:
    kind = _without_none(field.annotation)
    if get_origin(kind) is Literal:
        return " or ".join(markdown.code(str(each)) for each in get_args(kind))
    if get_origin(kind) is list:
        return "JSON list of texts" if get_args(kind) == (str,) else "JSON list of addresses"
    return " ".join([_FORMS.get(kind, "IPv4 range"), *_bounds(field)])


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        (kind,) = (each for each in get_args(annotation) if each is not NoneType)
        return kind
    return annotation


def _bounds(field: FieldInfo) -> Iterator[str]:
    for each in field.metadata:
        match each:
            case annotated_types.Gt(gt=least):
                yield f"above {least}"
            case annotated_types.Ge(ge=least):
                yield f"from {least}"
            case annotated_types.Le(le=most):
                yield f"to {most}"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined or value in (None, ""):
        return ""
    return str(value).replace(str(Path.home()), "~")
