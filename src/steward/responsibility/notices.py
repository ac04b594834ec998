"""Which party is informed of what, and how: the matrix says whom, this table how it is called and how soon.

An event whose row informs nobody else makes no notice. One that is not in the table is told all the same, by its own
words: a missing line here must not leave a party uninformed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from steward.domain import errors
from steward.domain import notices as notices_
from steward.domain.notices import Severity
from steward.responsibility import matrix, model

WITHIN = MappingProxyType(
    {
        Severity.INFO: timedelta(days=7),
        Severity.WARNING: timedelta(days=2),
        Severity.URGENT: timedelta(hours=4),
    }
)
LONGEST_TITLE = 120
_CUSTOMER, _PROVIDER = (errors.CUSTOMER,), (errors.PROVIDER,)


@dataclass(frozen=True, slots=True)
class Line:
    """`to` is for what concerns parties beside the row's letters: that their own duty to inform failed, say."""

    title: str
    severity: Severity = Severity.INFO
    within: timedelta | None = None  # None: as long as the severity gives
    to: tuple[str, ...] = ()

    @property
    def deadline(self) -> timedelta:
        return self.within or WITHIN[self.severity]


# Event to its line. Whether anybody is told is the matrix's to say.
LINES: Mapping[str, Line] = MappingProxyType(
    {
        # 1.1-1..4, 3.1.3-3, 3.1.5-1, 4.2-1, 5.1-1: what the customer decided; the provider is informed.
        "cluster:ordered": Line("A cluster was ordered"),
        "cluster:delete-asked": Line("The customer deletes a cluster"),
        "cluster:reset-asked": Line("The customer resets a cluster"),
        "nodepool:ordered": Line("A node pool was ordered"),
        "nodepool:edited": Line("A node pool was changed"),
        "nodepool:resize-asked": Line("A node pool gets another size"),
        "nodepool:delete-asked": Line("The customer deletes a node pool"),
        "node:delete-asked": Line("The customer deletes a node"),
        "cluster:restrictions-changed": Line("The customer changed who may reach a cluster's API"),
        # 3.2.2-3, 3.2.2-4: more quota.
        "quota:requested": Line("A customer asks for more quota", Severity.WARNING),
        "quota:withdrawn": Line("A customer asks for no more quota"),
        "quota:granted": Line("Your quota is larger now"),
        "quota:refused": Line("More quota was refused", Severity.WARNING),
        # 3.1.2-1: who of the customer may do what.
        "person:invited": Line("A customer invited a person"),
        "person:changed": Line("A customer changed what a person may do"),
        "person:suspended": Line("A customer suspended a person"),
        "person:resumed": Line("A customer lets a person in again"),
        "person:closed": Line("A customer's person has left"),
        "person:reset": Line("A customer reset a person's password"),
        "person:password_set": Line("A customer's person set a password"),
        "person:second_factor": Line("A customer's person changed its second factor"),
        "person:linked": Line("A customer's person signs in by the OpenID provider"),
        "client:created": Line("A customer made an OAuth2 client"),
        "client:changed": Line("A customer described an OAuth2 client anew"),
        "client:removed": Line("A customer removed an OAuth2 client"),
        "token:created": Line("A customer's person made a token"),
        "token:revoked": Line("A customer's person revoked a token"),
        "members:listed": Line("Who may act for a customer was listed"),
        # 2.1-1, 3.1.6-1, 3.2.2-4: what the provider carried out; the customer is informed.
        "cluster:installed": Line("Your cluster is installed"),
        "nodepool:ready": Line("Your node pool has its nodes"),
        "project:created": Line("Your project is ready"),
        "inventory:changed": Line("The inventory of your cluster was compared with it"),
        # 3.1.6-4, 3.1.6-5, 3.2.2-1: upgrades and maintenance.
        "cluster:upgrade-forced": Line(
            "Your cluster is upgraded, its version is no longer maintained", Severity.URGENT
        ),
        "version:published": Line("A new Kubernetes version can be installed"),
        "maintenance:announced": Line("Maintenance of the service", Severity.WARNING),
        # 3.2.1-1, 3.2.1-2: tickets and incidents.
        "ticket:opened": Line("A customer opened a ticket", Severity.WARNING),
        "incident:opened": Line("An incident affects your cluster", Severity.URGENT),
        "incident:updated": Line("News of an incident", Severity.WARNING),
        "incident:restored": Line("What an incident affected works again", Severity.WARNING),
        "incident:resolved": Line("The incident is over", Severity.WARNING),
        "ticket:added": Line("A customer wrote to a ticket"),
        "ticket:closed": Line("A ticket was closed"),
        # Beside the letters: what the provider does about a ticket, and that one of its people wants in, its customer
        # is told at once.
        "ticket:acknowledged": Line("Your ticket was seen", to=_CUSTOMER),
        "ticket:answered": Line("Your ticket was answered", to=_CUSTOMER),
        "access:requested": Line("The provider asks for access to your cluster", Severity.URGENT, to=_CUSTOMER),
        "access:approved": Line("Access to your cluster was approved", Severity.URGENT, to=_CUSTOMER),
        "access:active": Line("The provider can enter your cluster now", Severity.WARNING, to=_CUSTOMER),
        "access:closed": Line("The provider's access is over: please review it", Severity.WARNING, to=_CUSTOMER),
        "access:denied": Line("Access was denied", to=_PROVIDER),
        "access:ended": Line("Access was ended", to=_PROVIDER),
        "access:reviewed": Line("Access was reviewed", to=_PROVIDER),
        # What was lent to a party, and taken back from it.
        "delegation:lent-to-provider": Line("The customer lent you a part of its responsibility", to=_PROVIDER),
        "delegation:taken-from-provider": Line("The customer took back what it had lent you", to=_PROVIDER),
        "delegation:lent-to-customer": Line("The provider lent you a part of its responsibility", to=_CUSTOMER),
        "delegation:taken-from-customer": Line("The provider took back what it had lent you", to=_CUSTOMER),
        # What the audit log shows against the contract: the one whose cluster it is, and the one that did it.
        "audit:breach": Line(
            "The audit log of your cluster shows a breach of the contract", Severity.URGENT, to=_CUSTOMER + _PROVIDER
        ),
        # Whether a log reaches the stream that its customer subscribed.
        "logs:not-delivered": Line("Your audit log does not reach your stream", Severity.WARNING, to=_CUSTOMER),
        "logs:delivered-again": Line("Your audit log reaches your stream again", to=_CUSTOMER),
        # To whose account an outage is put.
        "outage:ended": Line("Your API server answers again", to=_CUSTOMER),
        "outage:disputed": Line("It is disputed to whose account an outage is put"),
        "outage:judged": Line("The other party said to whose account it puts an outage"),
        "outage:settled": Line("Both parties agree to whose account an outage is put"),
        # The provider's own duty to inform.
        notices_.GIVEN_UP: Line("A notice did not arrive", Severity.WARNING, to=_PROVIDER),
    }
)

# Told as a part of another event, which is the result of the activity; so without a notice of their own.
PARTS: Mapping[str, str] = MappingProxyType({"node:ready": "nodepool:ready"})


def line_of(type_: str, message: str) -> Line:
    return LINES.get(type_) or Line(shortened(message))


def shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_TITLE else flat[: LONGEST_TITLE - 1] + "…"


def recipients(contract: model.Matrix, activity: str, type_: str, acted: str) -> list[str]:
    """The parties that are to be told. Who acted alone knows already."""
    line = LINES.get(type_)
    if line is not None and line.to:
        return list(line.to)
    if type_ in PARTS:
        return []
    return [party for party in informed(contract, activity) if party != acted]


def informed(contract: model.Matrix, activity: str) -> list[str]:
    """The parties that have I in a row."""
    held = contract.activity(activity).letters
    return [party for party in contract.parties if model.Letter.I in held[party]]


def ever(activity: str, type_: str) -> bool:
    """Whether any version of the contract could have somebody told of it: spares the look at which one holds."""
    if type_ in LINES and LINES[type_].to:
        return True
    return type_ not in PARTS and any(informed(each, activity) for each in matrix.versions().values())
