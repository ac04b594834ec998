"""Which activity of the matrix each operation falls under, and which role of each party it takes (decisions/0003).

Operations are what somebody asks for; steps of flows and jobs name their activity where they are defined. Reading takes
a role, and no activity.
"""

from dataclasses import dataclass
from types import MappingProxyType

from steward.domain import errors
from steward.domain.people import Role


@dataclass(frozen=True, slots=True)
class Rule:
    """`customer` and `provider` are the least roles; the provider's counts where R is the provider's or was lent.

    `while_suspended`: a customer may do it although its account is suspended. `accountable`: it takes A, and is done by
    that party's own people alone. An empty `activity`: the row is part of what is asked for.
    """

    activity: str
    customer: Role = Role.ADMIN
    provider: Role = Role.OPERATOR
    while_suspended: bool = False
    accountable: bool = False

    def role_of(self, party: str) -> Role:
        return self.customer if party == errors.CUSTOMER else self.provider


# What is done with people and what stands for them; least role, and whether it goes on in a suspended account.
_OF_PEOPLE = (
    ("person.invite", Role.OWNER, False),
    ("person.change", Role.OWNER, False),
    ("person.suspend", Role.OWNER, True),
    ("person.resume", Role.OWNER, False),
    ("person.close", Role.OWNER, True),
    ("person.reset", Role.OWNER, False),
    ("person.revoke_token", Role.OWNER, True),
    # Programs that sign in for the party, and what they are given.
    ("oauth2_client.create", Role.OWNER, False),
    ("oauth2_client.change", Role.OWNER, False),
    ("oauth2_client.remove", Role.OWNER, True),
    # Of oneself.
    ("access_token.issue", Role.VIEWER, True),
    ("access_token.end", Role.VIEWER, True),
    ("person.set_password", Role.VIEWER, True),
    ("person.second_factor", Role.VIEWER, True),
    ("token.create", Role.VIEWER, False),
    ("token.revoke", Role.VIEWER, True),
    ("session.start", Role.VIEWER, True),
    ("session.end", Role.VIEWER, True),
    ("notice.seen", Role.VIEWER, True),
    ("preference.set", Role.VIEWER, True),
)
_OF_NETWORKS = (
    *("private_network.create", "private_network.rename", "private_network.delete"),
    *("private_network.add_region", "private_network.remove_region"),
    *("subnet.create", "subnet.edit", "subnet.delete"),
    *("gateway.create", "gateway.edit", "gateway.delete", "vrack.create"),
    *("cluster.private_network_configuration", "cluster.load_balancers_subnet"),
)
_OF_STAFF = {Role.OWNER: Role.OPERATOR, Role.VIEWER: Role.AUDITOR}


def staff_twin(name: str) -> str:
    """`staff.invite` of `person.invite`, `staff_token.create` of `token.create`."""
    noun, _, verb = name.partition(".")
    return f"staff.{verb}" if noun == "person" else f"staff_{noun}.{verb}"


RULES = MappingProxyType(
    {
        # The provider makes room for a customer, and hands the first keys over.
        "project.create": Rule("3.2.2-4"),
        "account.hand_over": Rule("3.2.2-4"),
        "project.edit": Rule("3.1.2-1"),
        "project.open_region": Rule("1.1-1"),
        # Who of the customer may do what.
        "credential.create": Rule("3.1.2-1", Role.OWNER),
        "credential.request": Rule("3.1.2-1", Role.VIEWER),
        "credential.validate": Rule("3.1.2-1", Role.OWNER),
        "credential.refuse": Rule("3.1.2-1", Role.OWNER),
        "credential.revoke": Rule("3.1.2-1", Role.ADMIN, while_suspended=True),
        # The account's own life. To suspend is to manage how the service can be reached; closing ends it.
        "account.suspend": Rule("3.1.1-1"),
        "account.resume": Rule("3.1.1-1"),
        "account.close": Rule("5.1-2"),
        "account.leave": Rule("3.1.2-1", Role.OWNER),  # the customer closes its own
        **{name: Rule("3.1.2-1", role, while_suspended=still) for name, role, still in _OF_PEOPLE},
        # Its twins: the same of the provider's own staff.
        **{staff_twin(name): Rule("3.1.2-2", provider=_OF_STAFF[role]) for name, role, _ in _OF_PEOPLE},
        # The contract itself, and what is lent under it; a delegation falls under the row that it lends.
        "contract.accept": Rule("1.1-1", Role.OWNER, accountable=True),
        "contract.accept_for_cluster": Rule("2.1-2", Role.OWNER, accountable=True),
        "delegation.grant": Rule("", Role.OWNER, accountable=True),
        "delegation.revoke": Rule("", Role.OWNER, while_suspended=True, accountable=True),
        # Where the project's notices are sent to.
        "webhook.create": Rule("3.1.2-1"),
        "webhook.change": Rule("3.1.2-1"),
        "webhook.rotate": Rule("3.1.2-1"),
        "webhook.test": Rule("3.1.2-1"),
        "webhook.remove": Rule("3.1.2-1", while_suspended=True),
        # Personal values in the ledger, of either party's people, and who of the provider can sign it.
        "ledger.erase": Rule("3.1.2-1", Role.OWNER, while_suspended=True),
        "ledger.erase_staff": Rule("3.1.2-2"),
        "ledger.rotate_key": Rule("3.1.2-2"),
        # 1.1-1 with 1.1-2 (network), 1.1-3 (region), 1.1-4 (version)
        "cluster.create": Rule("1.1-1"),
        "cluster.rename": Rule("2.1-2"),
        "cluster.update_policy": Rule("3.1.6-6"),
        "cluster.customize": Rule("2.1-2"),
        "cluster.restart": Rule("3.2.1-4"),
        "cluster.kubeconfig": Rule("3.1.2-3"),
        "cluster.restrict": Rule("3.1.5-1"),
        "cluster.set_openid": Rule("3.1.2-3"),
        "cluster.change_openid": Rule("3.1.2-3"),
        "cluster.remove_openid": Rule("3.1.2-3"),
        # How packets are routed in the project.
        **{name: Rule("3.1.5-2") for name in _OF_NETWORKS},
        "cluster.update": Rule("3.1.6-6"),
        "cluster.reset_kubeconfig": Rule("3.1.2-3"),
        "cluster.reset": Rule("4.2-1"),
        "cluster.delete": Rule("5.1-1"),
        "nodepool.create": Rule("3.1.3-3"),
        "nodepool.edit": Rule("3.1.3-3"),
        "nodepool.delete": Rule("3.1.3-3"),
        "node.delete": Rule("3.1.3-3"),
        # Where the logs of a cluster go: the customer keeps them; a subscription lends the provider their forwarding.
        "log.subscribe": Rule("3.1.3-5"),
        "log.unsubscribe": Rule("3.1.3-5", while_suspended=True),
        "log.link": Rule("3.1.3-5", while_suspended=True),
        "log_stream.create": Rule("3.1.3-5"),
        "log_stream.change": Rule("3.1.3-5"),
        "log_stream.test": Rule("3.1.3-5"),
        "log_stream.remove": Rule("3.1.3-5", while_suspended=True),
        # Asking for more than the quota gives, and what the provider says to it.
        "quota.request": Rule("3.2.2-3"),
        "quota.withdraw": Rule("3.2.2-3", while_suspended=True),
        "quota.grant": Rule("3.2.2-4"),
        "quota.refuse": Rule("3.2.2-4"),
        # People of the provider in a customer's cluster. Whoever asks names the row that it is done under.
        "access.request": Rule("3.2.1-3", provider=Role.SUPPORT),
        "access.request_under": Rule("", Role.OWNER, Role.SUPPORT),
        "access.approve": Rule("3.1.2-3"),
        "access.deny": Rule("3.1.2-3", while_suspended=True),
        "access.approve_emergency": Rule("3.1.2-2"),
        "access.collect": Rule("3.2.1-3", provider=Role.SUPPORT),
        "access.end": Rule("3.1.2-3", while_suspended=True),
        "access.give_back": Rule("3.1.2-2", provider=Role.SUPPORT),
        "access.review": Rule("3.1.2-3", while_suspended=True),
        # What a customer reports, and what the provider does about it.
        "ticket.open": Rule("3.2.1-1", while_suspended=True),
        "ticket.add": Rule("3.2.1-1", while_suspended=True),
        "ticket.close": Rule("3.2.1-1", while_suspended=True),
        "ticket.acknowledge": Rule("3.2.1-3", provider=Role.SUPPORT),
        "ticket.answer": Rule("3.2.1-3", provider=Role.SUPPORT),
        "ticket.conclude": Rule("3.2.1-3", provider=Role.SUPPORT),
        "ticket.link": Rule("3.2.1-3", provider=Role.SUPPORT),
        "incident.open": Rule("3.2.1-2"),
        "incident.update": Rule("3.2.1-2", provider=Role.SUPPORT),
        "incident.resolve": Rule("3.2.1-2"),
        # To whose account an outage is put: the customer says so as it reports incidents.
        "outage.dispute": Rule("3.2.1-1", while_suspended=True),
        "outage.settle": Rule("3.2.1-1", while_suspended=True),
        "outage.contest": Rule("3.2.1-2"),
        "outage.concede": Rule("3.2.1-2"),
        # A named person's word, of the party that is accountable for the row; and the provider's own register.
        "attestation.make": Rule("", accountable=True),
        "attestation.withdraw": Rule("", while_suspended=True, accountable=True),
        "review.make": Rule("", while_suspended=True, accountable=True),
        "risk.add": Rule("3.1.6-2"),
        "risk.change": Rule("3.1.6-2"),
        "risk.accept": Rule("3.1.6-2"),
        "risk.close": Rule("3.1.6-2"),
        # What the provider's automation does on the customer's setting (`standing.py`).
        "cluster.patch_automatically": Rule("3.1.6-6"),
        "nodepool.autoscale": Rule("3.1.3-3"),
        "log.forward": Rule("3.1.3-5"),
    }
)

ACTIVITY_OF = MappingProxyType({name: rule.activity for name, rule in RULES.items() if rule.activity})

AUTOMATIC = frozenset({"cluster.patch_automatically", "nodepool.autoscale", "log.forward"})
"""Asked for by no route; decided upon before automation does them."""

NEVER_LENT = frozenset({"3.1.2-1", "3.1.2-2", "3.1.2-3"})
"""Who may act for a party, and with which keys. Whoever had R of these could take everything else, so lending them
would lend A. The way to a customer's cluster is access that is asked for and consented to."""

# Fields of an order that are decisions of their own.
ACTIVITY_OF_FIELD = MappingProxyType(
    {
        "cluster.create.projectId": "1.1-1",
        "cluster.create.privateNetworkId": "1.1-2",
        "cluster.create.region": "1.1-3",
        "cluster.create.version": "1.1-4",
        "cluster.create.updatePolicy": "3.1.6-6",
        "nodepool.create.autoscale": "3.1.3-3",
    }
)

STEPS = frozenset(
    {"2.1-1", "3.1.5-4", "3.1.6-5", "3.2.1-3", "3.2.2-4", "5.1-2", "5.2-1", "5.2-3"}
)  # under which automation works on every cluster; `tests/paper` compares them with the flows

ROWS = frozenset({*ACTIVITY_OF.values(), *ACTIVITY_OF_FIELD.values(), *STEPS})
"""Rows that every edition of the contract has to have: something here acts under them."""
