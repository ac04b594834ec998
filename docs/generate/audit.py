"""`docs/audit.md`: how the audit logs of clusters are read, with the published tables."""

from docs.generate import markdown
from steward.domain import errors
from steward.reconcile import audit_evidence, audits, canaries, issuances
from steward.responsibility import audit_rules

_HEAD = """# What the audit log of a cluster shows of the provider

The API server of every cluster writes an audit log: who did what, never what was written
(`src/steward/catalogue/audit_policy.yaml`; no rule asks for more than metadata, so no body of a Secret, a ConfigMap or
a token is in it). It lies below the cluster's folder, mode 0600, and goes with the cluster. steward follows it and says
within seconds what the provider did there that is the customer's. Both parties read the same findings:

```
steward audit findings CLUSTER       # breaches, and times of which nothing is known
steward audit credentials CLUSTER    # every client certificate that was issued for the cluster
steward audit windows CLUSTER        # from when to when everything is known
```

## Who acts

The certificate with which a request came is in the log, by its SHA-256. Every certificate that steward issues is in
the ledger of credentials, and in the project's Merkle log, before anybody can use it.

| Who | Known by |
|---|---|
| the provider | a name `steward:<activity>:<purpose>` and a certificate of the ledger |
| the control plane's own programs, and nodes | their names, a certificate of the ledger, and the program that uses it |
| the customer | all else: the kubeconfig's certificate, service accounts, OIDC, the cluster's own signing API |

What programs and nodes do follows from what others want, and counts for nobody. Certificates that the cluster's own
signing API gives out are added to the ledger as the customer's.

What is a breach of 3.1.2-2, whatever was done with it: a certificate that is not in the ledger; one that is used after
its end or revocation, or under another name; a name of the provider's or of a program's that came without a
certificate; a program's certificate in the hands of another program (health checks and other reads that fall under no
row are left out); a credential of the customer's own used by steward; and what a break-glass session makes to outlast
it: a token of a service account, a signing request, its approval, and every Secret that it makes or changes, because
one type of them is a token of a service account without an end, and the log does not tell the type.

## What is counted

Each write, and the reading of Secrets and pod logs, falls under the first line that matches, and so under one row. For
the customer it is counted. For the provider it is a breach of that row, unless

- the object is the provider's own (the list below), or
- it sends a pod away from a node that is being removed: the request's user agent carries the operation (`steward
  (operation node:<id>)`), and the records confirm that this node was being emptied at that time,
- it takes the name of a person whose access has ended out of a binding of rights (`steward (operation access:<id>)`),
  and the records confirm that this access had ended and that its end was not yet proved, or
- the person was let in: the certificate is that of an access that was approved, and within its time.

What was refused (4xx) and rehearsals (`dryRun`) had no effect and are not counted; what was answered with 5xx may have
had one, and is. The API server heeds `dryRun` in writes alone: reads with it are reads, and so are logs, `exec`,
`attach`, port forwarding, proxies and tokens of service accounts no rehearsals. The log shows no bodies, so every
change of a workload counts as a change of its images.

"""

_WINDOWS = """
## When a zero counts

A canary sings in every cluster every {every:.0f} seconds: a marked request of an identity that does nothing else and
has no rights. A zero is proven from the beginning of a window to its last canary. The window ends, a gap is written
down, and the rows are `unknown` until the next canary opens another window, when

- no canary was seen for {late:.0f} seconds, whatever the reason (steward or the API server did not run, the clock
  jumped);
- a file was rotated away, cut or deleted before it was read to its end;
- a line is no event;
- the API server was started anew: it writes beside the requests, within a second, so that none waits; a kill may lose
  that second.

A breach is shown for {stands} days. Row 2.2-1 is proven by what the customer itself does: it lists and creates.

## steward's own identities

Certificates for {life:.0f} minutes, in memory alone, each with the rights of its purpose
(`src/steward/catalogue/addons/rbac.yaml`). `bootstrap` alone is in `system:masters`; it gives the others their rights
and ends with the installation.

"""

_LIMITS = """
## What it cannot show

- Root on the provider's host can read etcd, the nodes' disks and the pods' network without any request to the API
  server. Detection stands below prevention, not in its place.
- Someone of the provider who uses a stolen kubeconfig of the customer's with an ordinary program looks like the
  customer. Only steward itself is recognised, by its user agent.
- A session that may read Secrets reads the tokens in them as well. Such a reading is counted, under 2.3-3; what is
  done later with a token that was there before looks like the customer.
- The end of an access is proved by a refused call, with no binding left that names its person or the group of such
  people. Rights that a session gave to everybody (`system:authenticated`) or to a name of the customer's stay: what it
  wrote for that is in its calls.
- Whoever has the host also has the key that signs tokens of service accounts, and can be any of them.
- The names of programs in user agents can be forged by whoever has their certificates.
- A customer's changes of the provider's own objects are counted under their rows; they are no breach of anybody's.
- If more than 20,000 events wait to be written, the API server drops some and says so in its own log only.
- Service accounts in kube-system count as the control plane's. A customer that runs programs of its own there does not
  see their writes in its counts.
"""


def page() -> str:
    tables = audit_rules.tables()
    rows = markdown.table(("Row", "What", "Verbs", "Resources", "Only"), (_row(each) for each in tables.rows))
    owned = markdown.table(("Resource", "Namespace", "Names", "Only"), (_owned(each) for each in tables.owned))
    every = [each for each in vars(issuances).values() if isinstance(each, issuances.Identity)]
    identities = markdown.table(
        ("User", "Groups"), ((markdown.code(each.user), ", ".join(each.groups)) for each in every)
    )
    windows = _WINDOWS.format(
        every=canaries.SING_EVERY.total_seconds(),
        late=audits.LATE.total_seconds(),
        stands=audit_evidence.BREACH_STANDS.days,
        life=issuances.LIFE.total_seconds() / 60,
    )
    none = ", ".join(markdown.code(each) for each in tables.none)
    note = markdown.NOTE.format(source="src/steward/catalogue/audit_rules.yaml or docs/generate/audit.py")
    return "".join(
        (
            note,
            _HEAD,
            rows,
            f"\nUnder no row, because nothing is changed by it: {none}.\n",
            f"\n## What is the {errors.PROVIDER}'s own\n\n",
            owned,
            windows,
            identities,
            _LIMITS,
        )
    )


def _row(row: audit_rules.Row) -> tuple[str, ...]:
    only = [f"field manager {each}" for each in row.managers]
    only += ["while an incident of the cluster is open"] if row.during_incident else []
    verbs = ", ".join(sorted(row.verbs))
    return row.activity, row.what, verbs, ", ".join(markdown.code(each) for each in row.resources), ", ".join(only)


def _owned(line: audit_rules.Owned) -> tuple[str, ...]:
    names = ", ".join(markdown.code(each) for each in line.names) or "all"
    only = "together with an access that was approved" if line.with_access else ""
    return markdown.code(line.resource), line.namespace, names, only
