"""`docs/cli.md`: every command with its arguments and options, from the command line itself."""

from collections.abc import Iterator

import typer
import typer.main
from typer import _click as click
from typer.core import TyperArgument, TyperGroup

from docs.generate import markdown
from steward.cli import app, failures

_HEAD = """# The command line

`.venv/bin/steward` after `make demo`, `make components` or `make doctor`. All commands but `serve`, `doctor` and
`components` speak to the API of a running service; [settings.md](settings.md) says which variables name the service and
the keys. Data goes to standard output, progress and messages go to standard error. `NO_COLOR` is obeyed.

A cluster, pool, node or private network is named by its name or its id. `--install-completion` sets up completion for
the shell in use, with the names that exist.

"""


def page() -> str:
    root = tree()
    assert isinstance(root, TyperGroup)
    parts = [markdown.NOTE.format(source="src/steward/cli"), _HEAD, _exit_codes(), _root_options(root)]
    parts += [_command(name, command) for name, command in every(root)]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def tree() -> click.Command:
    # Nothing is run: the three are what bootstrap would give.
    return typer.main.get_command(app.build(serve=_end, doctor=_end, components=_end))


def _end(**_given: object) -> int:
    return 0


def every(group: TyperGroup, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Commands only, with their whole names; a group is the words before its commands."""
    context = typer.Context(group)
    for each in group.list_commands(context):
        command = group.get_command(context, each)
        assert command is not None
        if isinstance(command, TyperGroup):
            yield from every(command, f"{name}{each} ")
        else:
            yield f"{name}{each}", command


def _exit_codes() -> str:
    rows = ([str(code), meaning] for code, meaning in failures.EXIT_CODES.items())
    return "## Exit codes\n\n" + markdown.table(["Code", "Meaning"], rows)


def _root_options(root: TyperGroup) -> str:
    return "## Before any command\n\n" + _parameters(root)


def _command(name: str, command: click.Command) -> str:
    arguments = [each for each in command.params if isinstance(each, TyperArgument)]
    words = " ".join(_word(each) for each in arguments)
    title = f"steward {name} {words}".rstrip()
    return f"## `{title}`\n\n{_sentence(command)}\n\n{_parameters(command)}"


def _word(argument: TyperArgument) -> str:
    name = (argument.name or "").upper()
    return name if argument.required else f"[{name}]"


def _sentence(command: click.Command) -> str:
    return " ".join((command.help or "").split())


def _parameters(command: click.Command) -> str:
    rows = [_row(each) for each in command.params if each.name != "help"]
    return markdown.table(["Argument or option", "Default", "Meaning"], rows) if rows else ""


def _row(parameter: click.Parameter) -> list[str]:
    names = [*parameter.opts, *parameter.secondary_opts]
    shown = _word(parameter) if isinstance(parameter, TyperArgument) else ", ".join(names)
    default = _default(parameter)
    return [
        markdown.code(shown),
        default if default == "required" else markdown.code(default),
        str(getattr(parameter, "help", "") or ""),
    ]


def _default(parameter: click.Parameter) -> str:
    if parameter.required and not isinstance(parameter, TyperArgument):
        return "required"
    default = parameter.default
    if default in (None, "", False) or callable(default):
        return ""
    return str(getattr(default, "value", default))
