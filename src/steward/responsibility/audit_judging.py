"""Whose act an event of the audit log is, and what it says about the contract: pure, over what the records hold.

Three things are breaches: a write of the provider (or its reading of Secrets and logs) to what is not its own; a pod
that it sends away without an operation that asks for it; a credential that is not in the ledger of issued ones, or
not used as it was issued. Called by `reconcile/audits.py` with each piece of the log that was read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from steward.domain import accesses as accesses_
from steward.domain import audits, clusters, errors
from steward.domain import nodes as nodes_
from steward.responsibility import attribution, audit_rules
from steward.responsibility.audit_rules import Act, Party

SKEW = timedelta(seconds=5)  # a request that arrived just before a certificate's end is noted just after it
AGENT = "steward"
CANARY = "steward:3.1.1-1:canary"
KEEPER = "steward:3.1.2-2:accesses"  # gives people of the provider their rights, and takes them back
BINDINGS = frozenset({"clusterrolebindings.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io"})
# What a session may not leave behind: a credential that lasts beyond it, and would be taken for the customer's own.
_OUTLASTS = "made a credential that outlasts its session"
LASTING: Mapping[str, str] = {
    "serviceaccounts/token": _OUTLASTS,
    "certificatesigningrequests.certificates.k8s.io": _OUTLASTS,
    "certificatesigningrequests/approval.certificates.k8s.io": _OUTLASTS,
    # The log does not tell the type of a Secret, and one type of them is a token without an end.
    "secrets": "wrote a Secret, which may be a service account's token that outlasts its session",
}
MAKING = frozenset({"create", "update", "patch"})
OVERUSE = "3.2.1-4"  # incidents caused by how the customer configures the service
# Which program alone holds the certificate of a purpose, as its user agent names it.
PROGRAMS: Mapping[str, str] = {
    "controller-manager": "kube-controller-manager",
    "scheduler": "kube-scheduler",
    "kube-proxy": "kube-proxy",
    "kubelet": "kubelet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the records say about what a piece of the log names. `accesses` are break-glass sessions."""

    cluster_id: clusters.ClusterId
    issuances: Mapping[str, audits.Issuance] = field(default_factory=dict)
    nodes: Mapping[str, nodes_.Node] = field(default_factory=dict)
    accesses: Sequence[accesses_.Access] = ()
    incident: bool = False


@dataclass(slots=True)
class Count:
    by_customer: int = 0
    by_provider: int = 0
    breaches: int = 0
    reads_by_customer: int = 0


@dataclass(slots=True)
class Judgement:
    """Of one piece of the log. Counts are by activity and day."""

    findings: list[audits.Finding] = field(default_factory=list)
    counts: dict[tuple[str, str], Count] = field(default_factory=dict)

    def count(self, activity: str, act: Act) -> Count:
        return self.counts.setdefault((activity, act.at.strftime("%Y-%m-%d")), Count())


def judged(acts: Iterable[Act], facts: Facts) -> Judgement:
    made = Judgement()
    for act in acts:
        if act.counts:
            _judge(act, facts, made)
    return made


def fingerprints(acts: Iterable[Act]) -> set[str]:
    return {each.fingerprint for each in acts if each.counts and each.fingerprint}


def _judge(act: Act, facts: Facts, made: Judgement) -> None:
    problem = _misused(act, facts)
    if problem:
        # Once a day for each certificate: a program that uses it does so thousands of times.
        known_as = f"{act.fingerprint or act.user}/{act.at:%Y-%m-%d}"
        _breach(act, facts, made, (audit_rules.CREDENTIALS, problem[0], problem[1]), known_as)
    if act.refused or act.rehearsal:
        return
    if problem:
        # Only the provider holds the authority's key, and the files of its programs.
        _stranger(act, facts, made)
        return
    match _party(act, facts):
        case Party.PROVIDER:
            _provider(act, facts, made)
        case Party.CUSTOMER if act.user != audit_rules.ANONYMOUS:
            _customer(act, facts, made)


def _party(act: Act, facts: Facts) -> Party:
    """A customer may sign a certificate for any name: whose it is says the ledger, before the name does."""
    issuance = facts.issuances.get(act.fingerprint)
    if issuance is not None and issuance.party == errors.CUSTOMER:
        return Party.CUSTOMER
    return audit_rules.party_of(act)


def _stranger(act: Act, facts: Facts, made: Judgement) -> None:
    row = audit_rules.row_of(act, incident=facts.incident)
    if row is not None:
        text = f"{act.user}, with a credential that should not be, did {row.what}: {act.verb} {act.object}"
        _breach(act, facts, made, (row.activity, row.what, text), act.id)


def _provider(act: Act, facts: Facts, made: Judgement) -> None:
    if act.verb in MAKING and act.kind in LASTING and _let_in(act, facts):
        text = f"{act.user} {LASTING[act.kind]}: {act.verb} {act.object}"
        _breach(act, facts, made, (audit_rules.CREDENTIALS, "credential made in a session", text), act.id)
        return
    row = audit_rules.row_of(act, incident=facts.incident)
    if row is None:
        return
    if not act.reads and (_own(act, facts) or _asked_for(act, facts)):
        made.count(_named(act), act).by_provider += 1
    elif _let_in(act, facts):
        made.count(row.activity, act).by_provider += 1
    else:
        text = f"{act.user} of the provider did what is the customer's, {row.what}: {act.verb} {act.object}"
        if act.operation:
            text += f"; the operation that it names, {act.operation}, asked for no such thing"
        _breach(act, facts, made, (row.activity, row.what, text), act.id)


def _customer(act: Act, facts: Facts, made: Judgement) -> None:
    row = audit_rules.row_of(act, incident=facts.incident)
    if row is not None:
        made.count(row.activity, act).by_customer += 1
    if not act.reads and act.kind in attribution.watched():
        made.findings.append(_behind_outages(act, facts))
    if act.resource and act.verb == "list":
        made.count(audit_rules.IMPORT_EXPORT, act).reads_by_customer += 1
    elif act.resource and not act.subresource and act.made and row is not None:
        made.count(audit_rules.IMPORT_EXPORT, act).by_customer += 1


def _misused(act: Act, facts: Facts) -> tuple[str, str] | None:
    """The rule that its credential breaks, and a sentence."""
    if not act.fingerprint:
        if audit_rules.needs_certificate(act):
            return "no certificate", f"{act.user} acted without a certificate, which alone gives that name"
        return _borrowed(act)
    issuance = facts.issuances.get(act.fingerprint)
    if issuance is None:
        said = f"{act.user} used a certificate that is not in the ledger of issued ones ({act.fingerprint[:16]}…)"
        return "not in the ledger", f"{said}: {act.verb} {act.object or act.path}"
    if issuance.user != act.user:
        return "other name", f"The certificate issued to {issuance.user} was used by {act.user}"
    if act.at > issuance.expires_at + SKEW or (issuance.revoked_at is not None and act.at > issuance.revoked_at + SKEW):
        return "after its end", f"{act.user} used a certificate after its end"
    if issuance.party == errors.CUSTOMER:
        return _borrowed(act)
    program = PROGRAMS.get(issuance.purpose)
    # Reads that fall under no row are left out: health checks and the like come from more than one program.
    matters = not act.reads or audit_rules.row_of(act) is not None
    if program is not None and matters and not act.agent.startswith(program):
        return "other program", f"Something else than {program} used the certificate of {act.user}: {act.agent[:60]}"
    return None


def _borrowed(act: Act) -> tuple[str, str] | None:
    """A credential of the customer's own (a certificate, a token of a service account, a login) in steward's hands."""
    if not act.agent.startswith(AGENT) or act.refused or audit_rules.party_of(act) is not Party.CUSTOMER:
        return None
    if act.user == audit_rules.ANONYMOUS:
        return None
    return "customer's credential", f"steward used a credential of the customer's own, that of {act.user}"


def _own(act: Act, facts: Facts) -> bool:
    line = audit_rules.owned(act)
    if line is None or not line.with_access:
        return line is not None
    return any(each.id in act.name and _during(each, act) for each in facts.accesses)


def _during(access: accesses_.Access, act: Act) -> bool:
    """What gives rights is made only while the access lasts, and may be taken away at any time after."""
    if access.approved_at is None or act.at < access.approved_at - SKEW:
        return False
    end = access.ended_at or access.expires_at
    return act.verb in ("delete", "deletecollection") or end is None or act.at <= end + SKEW


def _asked_for(act: Act, facts: Facts) -> bool:
    """By the operation that the request names, as the records confirm."""
    kind, _, named = act.operation.partition(":")
    match kind:
        case "node":
            return _leaves(act, facts, named)
        case "access":
            return _takes_back(act, facts, named)
        case _:
            return False


def _takes_back(act: Act, facts: Facts, access_id: str) -> bool:
    """What names the person of an access is taken out of every binding, between its end and the proof of that."""
    if act.user != KEEPER or act.kind not in BINDINGS or act.verb not in ("delete", "patch") or act.made:
        return False
    access = next((each for each in facts.accesses if each.id == access_id), None)
    if access is None or access.approved_at is None or access.ended_at is None:
        return False
    proved = access.refused_at
    return access.ended_at - SKEW <= act.at and (proved is None or act.at <= proved + SKEW)


def _leaves(act: Act, facts: Facts, node_id: str) -> bool:
    """Pods leave only a node that is being removed."""
    if act.kind != "pods/eviction" and not (act.kind == "pods" and act.verb == "delete"):
        return False
    node = facts.nodes.get(node_id)
    if node is None or node.cluster_id != facts.cluster_id or node.drain_began_at is None:
        return False
    ended = node.deleted_at is not None and act.at > node.deleted_at + SKEW
    return node.drain_began_at - SKEW <= act.at and not ended


def _let_in(act: Act, facts: Facts) -> bool:
    """By break-glass: with the credential of a session that was approved, and while it lasted."""
    for each in facts.accesses:
        if not act.fingerprint or each.fingerprint != act.fingerprint or each.approved_at is None:
            continue
        end = each.ended_at or each.expires_at
        return each.approved_at - SKEW <= act.at and (end is None or act.at <= end + SKEW)
    return False


def _named(act: Act) -> str:
    """The activity that the identity's own name gives."""
    return act.user.split(":")[1]


def _breach(act: Act, facts: Facts, made: Judgement, told: tuple[str, str, str], known_as: str) -> None:
    activity, rule, text = told
    made.count(activity, act).breaches += 1
    issuance = facts.issuances.get(act.fingerprint)
    made.findings.append(
        audits.Finding(
            id=f"{facts.cluster_id}/{known_as}/{rule}",
            cluster_id=facts.cluster_id,
            activity=activity,
            sort=audits.Sort.BREACH,
            rule=rule,
            at=act.at,
            user=act.user,
            party=issuance.party if issuance is not None else errors.PROVIDER,
            verb=act.verb,
            resource=act.kind or act.path,
            namespace=act.namespace,
            name=act.name,
            fingerprint=act.fingerprint,
            text=text,
        )
    )


def _behind_outages(act: Act, facts: Facts) -> audits.Finding:
    """What an outage may be put down to; once a minute for each object, for controllers write some of them often."""
    return audits.Finding(
        id=f"{facts.cluster_id}/{act.kind}/{act.name}/{act.at:%Y-%m-%dT%H:%M}",
        cluster_id=facts.cluster_id,
        activity=OVERUSE,
        sort=audits.Sort.CUSTOMER_ACT,
        rule="behind the API server",
        at=act.at,
        user=act.user,
        party=errors.CUSTOMER,
        verb=act.verb,
        resource=act.kind,
        name=act.name,
        fingerprint=act.fingerprint,
        text=f"{act.user} did {act.verb} {act.object}",
    )


def is_canary(act: Act, facts: Facts) -> bool:
    """The sign of life, from who alone gives it."""
    known = facts.issuances.get(act.fingerprint)
    return act.counts and act.user == CANARY and "canary" in act.query and known is not None and known.user == CANARY
