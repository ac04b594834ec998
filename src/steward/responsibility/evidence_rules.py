"""What proves each row of the contract in this service: the published table behind every report (docs/evidence.md).

Rows without a rule that can be met today say what they wait for; their state is `unknown`, never `not applicable`.
Read by `coverage`, by the collectors (for how long what they saw counts), and by the tests that look for gaps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from steward.domain import errors
from steward.domain.people import Role
from steward.responsibility.waiting import WAITING

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REVIEW_EVERY = timedelta(days=90)


class Way(StrEnum):
    """What can honestly be said about a row at all."""

    ENFORCE = "ENFORCE"  # the wrong party's act is refused, or seen and reported
    DO = "DO"  # the provider's automation carries it out and leaves evidence
    DETECT = "DETECT"  # signals are shown; a signal is no proof
    ATTEST = "ATTEST"  # a named person says so, until a date


class Scope(StrEnum):
    """What a piece of evidence is about; a cluster's report counts its own, its project's and the fleet's."""

    CLUSTER = "cluster"
    PROJECT = "project"
    FLEET = "fleet"


class Word(StrEnum):
    """What a named person's statement is worth in a row."""

    NOTHING = "nothing"
    STANDS = "stands"  # for the row, as `attested`
    IS_NEEDED = "is needed"  # beside what is observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    collector: str
    scope: Scope
    proves: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A named person looks at a list; overdue it is stale, at twice the time a breach."""

    name: str
    party: str
    least: Role
    scope: Scope
    list: str  # what is looked at, in words
    every: timedelta = REVIEW_EVERY


REVIEWS = MappingProxyType(
    {
        each.name: each
        for each in (
            Review(
                name="members",
                party=errors.CUSTOMER,
                least=Role.OWNER,
                scope=Scope.PROJECT,
                list="the members, credentials and OAuth2 clients of the account",
            ),
            Review(
                name="admins",
                party=errors.CUSTOMER,
                least=Role.ADMIN,
                scope=Scope.CLUSTER,
                list="the subjects that are bound to cluster-admin",
            ),
            Review(
                name="register",
                party=errors.PROVIDER,
                least=Role.OPERATOR,
                scope=Scope.FLEET,
                list="the provider's staff and OAuth2 clients, their tokens, and every certificate of the provider's",
            ),
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """A row is proven when all of its sources are, its review is not overdue, and the word it needs is given."""

    activity: str
    way: Way
    sources: tuple[Source, ...] = ()
    word: Word = Word.NOTHING
    word_scope: Scope = Scope.CLUSTER
    word_on: str = ""  # what is to be stated
    review: Review | None = None
    signal: str = ""  # what is shown, and is no proof
    told_with: str = ""  # the row whose notices tell of this one too
    at_end: bool = False  # begins when the cluster's deletion is asked for
    waits_for: str = ""

    @property
    def carried(self) -> bool:
        return not self.waits_for


# How long what a collector saw counts. After that it is stale until somebody looks again.
VALIDITY: Mapping[str, timedelta] = MappingProxyType(
    {
        "orders": DAY,
        "changes": DAY,
        "policy": DAY,
        "versions": HOUR,
        "addresses": HOUR,
        "routing": HOUR,
        "labels": HOUR,
        "installation": 365 * DAY,  # what was delivered was delivered; later changes are other rows
        "audit": HOUR,
        "probes": timedelta(minutes=5),
        "members": DAY,
        "register": DAY,
        "bindings": DAY,
        "sizes": HOUR,
        "capacity": HOUR,
        "requests": DAY,
        "quotas": DAY,
        "connections": HOUR,
        "restrictions": HOUR,
        "strangers": DAY,
        "inventory": DAY,
        "risks": DAY,
        "vulnerabilities": DAY,
        "tickets": DAY,
        "incidents": DAY,
        "interventions": DAY,
        "logs": HOUR,
        "deletions": 365 * DAY,  # nothing can be looked at any more once it is gone
        "remains": 365 * DAY,
    }
)


def _source(collector: str, proves: str, scope: Scope = Scope.CLUSTER) -> Source:
    return Source(collector=collector, scope=scope, proves=proves)


def _enforced(activity: str, *sources: Source, **more: Any) -> RowRule:
    return RowRule(activity=activity, way=Way.ENFORCE, sources=sources, **more)


def _done(activity: str, *sources: Source, at_end: bool = False, waits_for: str = "") -> RowRule:
    return RowRule(activity=activity, way=Way.DO, sources=sources, at_end=at_end, waits_for=waits_for)


def _detected(activity: str, word_on: str, signal: str = "") -> RowRule:
    """A signal is shown where there is one; the word of the customer's person is what stands."""
    return RowRule(activity=activity, way=Way.DETECT, word=Word.STANDS, word_on=word_on, signal=signal)


def _attested(activity: str, word_on: str) -> RowRule:
    return RowRule(activity=activity, way=Way.ATTEST, word=Word.STANDS, word_on=word_on)


_CUSTOMERS_OWN = "the audit log, without a gap, shows {} as the customer's alone and no such write of the provider's"


def _audited(activity: str, what: str) -> RowRule:
    return _enforced(activity, _source("audit", _CUSTOMERS_OWN.format(what)))


_BOTH_WAYS = "the audit log shows the customer listing and creating objects through the cluster's own API"
_LABELS = "the region label of every node is the region that was ordered"
_ADDRESSES = "every node is known by an address of the network that was chosen"
_ROUTED = "the customer decided the routing, it is read back as decided, and every node's own routing table says so"
_VERSION = "the API server itself names the version that was chosen"
_CHANGES = "every change of name or configuration after the delivery was the customer's"
_INSTALLED = "version, ranges, proxy mode and pools that were ordered are those that are seen; the time it took"
_PROBED = "probes of the API server every 30 s, and its availability against what the plan promises"
_MEMBERS = "who has access to the project, and that no access is left to who lost it"
_REGISTER = "every certificate of the provider's is registered and ends; every entry by people was consented and ended"
_NO_STRANGER = "the audit log holds no provider's credential that is not in the register"
_BINDINGS = "who is bound to cluster-admin was read, and no identity of the provider's is among them"
_SIZES = "every pool's wanted size was set by the customer and lies within its bounds"
_TLS = "the chain ends in the cluster's own authority, address and name stand in the certificate, TLS is 1.2 or "
_TLS += "later, more than 30 days are left, and whoever has no credential is refused"
_STRANGERS = "credentials of this cluster were really tried at every other one, and refused"
_ADMITTED = "every change of who may reach the API was the customer's, the kernel has the list, and a stranger that "
_ADMITTED += "knocked was turned away"
_INVENTORY = "the inventory was compared with the live cluster and is the same"
_RISKS = "no risk of the register is overdue, and every accepted one is signed and has not expired"
_SCAN = "the pinned components were looked up in a vulnerability database that is recent"
_POLICY = "the update policy was set by the customer, and nothing was updated that it does not allow"
_TICKETS = "every ticket of the customer's was acknowledged in time"
_INCIDENTS = "failing probes opened an incident, its clusters were computed, and their customers were told"
_CAPACITY = "every request for more or fewer nodes has become the capacity that was asked for, in time"
_REQUESTS = "every request for more quota was the customer's own, and names what and why"
_QUOTAS = "every request for more quota was decided in time, and what was granted is the quota that orders count with"
_INTERVENED = "every incident was ended in time, and its cause is written down"
_LOGS = "`logs` (cluster): whether the audit log is handed over to streams of the customer's, and whether they take it"
_ASKED = "the customer asked for the deletion"
_GONE = "nothing of the control plane, the network and the nodes is left on the machine"
_DATA_GONE = "nothing of the cluster's data and keys is left; no backup exists"
_SETTINGS_GONE = "no row, allotment or sealed secret of the cluster is left; what stays is history and the ledger"

_TABLE = (
    _enforced("1.1-1", _source("orders", "the order names its project, and the customer placed it")),
    _enforced("1.1-2", _source("orders", "the order names its network, or the default that was accepted"),
              _source("addresses", _ADDRESSES), told_with="1.1-1"),
    _enforced("1.1-3", _source("orders", "the order names its region, and the customer chose it"),
              _source("labels", _LABELS), told_with="1.1-1"),
    _enforced("1.1-4", _source("orders", "the order names its version, or the default that was accepted"),
              _source("versions", _VERSION), told_with="1.1-1"),
    _detected("1.1-5", "no important data is kept on the nodes themselves"),
    _done("2.1-1", _source("installation", _INSTALLED)),
    _enforced("2.1-2", _source("changes", _CHANGES)),
    _enforced("2.2-1", _source("audit", _BOTH_WAYS)),
    _audited("2.3-1", "the authorship of workloads"),
    _audited("2.3-2", "the launching of workloads"),
    _audited("2.3-3", "the entering of containers and volumes"),
    _audited("2.3-4", "the setting of network policies"),
    _done("3.1.1-1", _source("probes", _PROBED)),
    _audited("3.1.1-2", "the moving and ending of pods"),
    _detected("3.1.1-3", "data is backed up elsewhere, or need not be"),
    _enforced("3.1.2-1", _source("members", _MEMBERS, Scope.PROJECT), review=REVIEWS["members"]),
    RowRule(activity="3.1.2-2", way=Way.DO, sources=(_source("register", _REGISTER), _source("audit", _NO_STRANGER)),
            word=Word.IS_NEEDED, word_scope=Scope.FLEET, word_on="who can physically reach the machines",
            review=REVIEWS["register"]),
    _enforced("3.1.2-3", _source("audit", _CUSTOMERS_OWN.format("the giving of rights")),
              _source("bindings", _BINDINGS),
              review=REVIEWS["admins"]),
    _done("3.1.3-1"),
    _done("3.1.3-2"),
    _enforced("3.1.3-3", _source("sizes", _SIZES)),
    _detected("3.1.3-4", "the workloads are monitored"),
    _detected("3.1.3-5", "logs of the workloads are kept", signal=_LOGS),
    _detected("3.1.3-6", "backups are watched"),
    _detected("3.1.4-1", "sensitive data is encrypted"),
    _enforced("3.1.5-1", _source("restrictions", _ADMITTED)),
    _enforced("3.1.5-2", _source("routing", _ROUTED)),
    _detected("3.1.5-3", "flows of the workloads are secured"),
    _done("3.1.5-4", _source("connections", _TLS), _source("strangers", _STRANGERS)),
    _done("3.1.6-1", _source("inventory", _INVENTORY)),
    _done("3.1.6-2", _source("risks", _RISKS, Scope.FLEET), _source("vulnerabilities", _SCAN, Scope.FLEET)),
    _attested("3.1.6-3", "the risks of the workloads are known and treated"),
    _done("3.1.6-4"),
    _done("3.1.6-5", waits_for="notices of published versions, with what is new in them"),
    _enforced("3.1.6-6", _source("policy", _POLICY)),
    _detected("3.1.6-7", "the workloads are kept secure"),
    _done("3.1.7-1"),
    _done("3.1.7-2"),
    _attested("3.1.7-3", "a continuity plan of the workloads stands"),
    _detected("3.1.7-4", "restoring was tried"),
    _enforced("3.2.1-1", _source("tickets", _TICKETS)),
    _done("3.2.1-2", _source("incidents", _INCIDENTS)),
    _done("3.2.1-3", _source("interventions", _INTERVENED)),
    _enforced("3.2.1-4", waits_for="proposals of a changed configuration, which the customer applies or not"),
    _audited("3.2.1-5", "intervening in workloads during an incident"),
    _done("3.2.2-1"),
    _audited("3.2.2-2", "the changing of container images"),
    _enforced("3.2.2-3", _source("requests", _REQUESTS, Scope.PROJECT)),
    _done("3.2.2-4", _source("capacity", _CAPACITY), _source("quotas", _QUOTAS, Scope.PROJECT)),
    _enforced("4.1-1"),
    _attested("4.1-2", "a plan for leaving stands"),
    _enforced("4.2-1", waits_for="the end of a service as a time of its own, with an export before it"),
    _attested("4.2-2", "data was moved, or there is none to move"),
    _enforced("5.1-1", _source("deletions", _ASKED), at_end=True),
    _done("5.1-2", _source("remains", _GONE), at_end=True),
    _done("5.2-1", _source("remains", _DATA_GONE), at_end=True),
    _enforced("5.2-2"),
    _done("5.2-3", _source("remains", _SETTINGS_GONE), at_end=True),
)  # fmt: skip

RULES: Mapping[str, RowRule] = MappingProxyType(
    {each.activity: replace(each, waits_for=WAITING.get(each.activity, each.waits_for)) for each in _TABLE}
)


def rule_of(activity: str) -> RowRule:
    """Also of a row that only an operator's own edition of the contract has: nothing here looks at it."""
    known = RULES.get(activity)
    return known or RowRule(activity=activity, way=Way.ATTEST, waits_for="a rule of evidence for this row")


def valid_for(collector: str) -> timedelta:
    """KeyError on a collector that the table does not know."""
    return VALIDITY[collector]
