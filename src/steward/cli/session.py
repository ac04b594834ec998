"""What one run of the command line works with: the terminal, the configuration, a connection per party.

`app` puts it into the context of the command, `of` takes it out. Everything is made when first asked for,
so that `steward --help` neither reads a file nor opens a connection.
"""

import dataclasses
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, cast

import typer

from steward.cli import terminal as terminal_
from steward.client import configuration as configuration_
from steward.client import errors

if TYPE_CHECKING:
    import httpx2

    from steward.client import connection

COMPLETION_TIMEOUT = 1.0  # seconds; somebody is holding the Tab key


class Party(StrEnum):
    CUSTOMER = "customer"
    PROVIDER = "provider"


class Session:
    """`transport` is how requests travel; None for the network."""

    def __init__(
        self,
        terminal: terminal_.Terminal,
        *,
        project: str = "",
        timeout: float | None = None,
        transport: "httpx2.BaseTransport | None" = None,
    ) -> None:
        self.terminal = terminal
        self.chosen_project = project
        self.chosen_party = Party.CUSTOMER
        self._timeout = timeout
        self._transport = transport

    @cached_property
    def configuration(self) -> configuration_.Configuration:
        return configuration_.load(environ=self.terminal.environ, folder=self.terminal.folder, home=self.terminal.home)

    @cached_property
    def customer(self) -> "connection.Connection":
        return self._connection(as_provider=False)

    @cached_property
    def provider(self) -> "connection.Connection":
        return self._connection(as_provider=True)

    def party(self, wanted: Party = Party.CUSTOMER) -> Party:
        """The customer, unless the command or the whole run was given `--as provider`."""
        return Party.PROVIDER if Party.PROVIDER in (wanted, self.chosen_party) else Party.CUSTOMER

    def link(self, wanted: Party = Party.CUSTOMER) -> "connection.Connection":
        return self.provider if self.party(wanted) is Party.PROVIDER else self.customer

    @property
    def project(self) -> str:
        project = self.chosen_project or self.configuration.project
        if not project:
            raise errors.Misconfigured(
                "Which project? Give --project before the command, or set OVH_CLOUD_PROJECT_SERVICE. "
                "`steward project list` shows yours."
            )
        return project

    def close(self) -> None:
        for name in ("customer", "provider"):
            if name in self.__dict__:
                cast("connection.Connection", self.__dict__[name]).close()

    def bearing(self, token: str) -> "connection.Connection":
        """As the person that a token stands for, of whichever party; the caller closes it."""
        return self._connection(
            as_provider=False, configuration=dataclasses.replace(self.configuration, customer_token=token)
        )

    def _connection(
        self, *, as_provider: bool, configuration: configuration_.Configuration | None = None
    ) -> "connection.Connection":
        # Imported here: the HTTP library takes half of the start-up time, and `--help` needs none of it.
        from steward.client import connection

        return connection.Connection(
            configuration or self.configuration,
            as_provider=as_provider,
            transport=self._transport,
            clock=self.terminal.wall,
            timeout=self._timeout or connection.TIMEOUT,
        )


def of(context: typer.Context) -> Session:
    """Of the running command. The shell's completion enters without the root command, so it makes its own."""
    found = context.find_object(Session)
    if found is None:
        found = Session(terminal_.real(), timeout=COMPLETION_TIMEOUT)
        context.obj = found
    return found
