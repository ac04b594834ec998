"""Which cluster, and on whose behalf, for the commands that either party may give."""

from typing import TYPE_CHECKING

from steward.cli import failures, naming, options
from steward.cli import session as session_

if TYPE_CHECKING:
    from steward.client import connection


def cluster(session: session_.Session, text: str, party: options.Party) -> "tuple[connection.Connection, str]":
    """The connection and the cluster's id. An id is taken as it is: what happened outlives the cluster."""
    if session.party(party) is options.Party.PROVIDER:
        if not naming.is_id(text):
            raise failures.Usage("As the provider, name the cluster by its id: its names are the customer's.")
        return session.provider, text
    if naming.is_id(text):
        return session.link(), text
    return session.link(), naming.cluster(session, text)["id"]
