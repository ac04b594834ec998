"""`docs/responsibility.md`: every row of the contract, what carries it, how it is decided, and what waits."""

from collections.abc import Iterator, Mapping

from docs.generate import markdown, walks
from steward.domain import errors
from steward.responsibility import evidence_rules, matrix, model, operations, twins, waiting

_HEAD = """# Who is responsible for what

The contract is OVHcloud's published responsibility model for Managed Kubernetes: {count} activities, each with the
letters of the customer and of the provider. It is data: `src/steward/catalogue/responsibility.yaml`. R carries the
activity out, A is accountable for its success, C is consulted during it, I is informed of its result. An operator puts
editions of its own into the folder that `STEWARD_CONTRACTS` names; they are checked at the start.

## How it decides

Every operation that changes something, every step of a flow and every job carries the id of its activity. Before it is
done, `decide()` looks at the contract that the cluster is pinned to, at who asks, and at what is lent:

- A party may act where it has R, or A where nobody else decides. Everybody else is refused with 403 in OVHcloud's
  shape; `details` is flat and names the activity, both parties' letters, who may, how to ask, and the decision's id.
  `steward why ID` and `GET /native/decisions/ID` explain it later (the latest 1000 of a project);
  `steward why OPERATION --for provider` says what would be decided, without trying.
- A role has to be high enough: viewer, admin, owner of the customer; auditor, support, operator of the provider.
- Automation acts under one named activity, or not at all. A step under a row in which the provider has no part blocks,
  and says that it is the customer's turn.
- R can be lent by the party that is accountable, with an end of at most a year and a reason: `steward delegate`. It
  counts from the next decision on, and so does its revocation. A is never lent; nor are {never}, which are about who
  may act for a party.
- `updatePolicy` ALWAYS_UPDATE or MINIMAL_DOWNTIME is a standing delegation of R in 3.1.6-6 to the provider's
  automation, a pool's `autoscale` one of 3.1.3-3 between its least and greatest size. NEVER_UPDATE and off lend
  nothing. Nothing patches or resizes by itself in this release; the rules are there, and tested, before it does.
- What does not exist for whoever asks is 404, as ever: a refusal tells nobody of another customer's.

A version is accepted per project (`steward contract show, diff, accept`), with the defaults of an order. A project that
accepted none accepts the newest by its first order, and the acceptance says so. A cluster is pinned at its order; a
newer version counts for it when it is accepted for that cluster.

Root on the provider's host can go around any API. That is why clusters' audit logs are read as well: what cannot be
prevented is found ([decisions/0010-deciding.md](decisions/0010-deciding.md)).

"""

_ROWS = (
    "What carries each row: operations, fields of an order, steps and jobs that act under it, and the evidence that is "
    "gathered for it. A row is enforced, done, detected or attested; that says what could be claimed of it at best. "
    "Where evidence waits, the row is `unknown` in every report."
)
_OPERATIONS = "What somebody asks for, through the API, with the least role of either party."
_FIELDS = "Fields of an order that are decisions of their own."
_STEPS = "What the provider's automation does. A restored cluster or node runs the same steps under another activity."
_JOBS = "What comes round by the clock, under a row of the provider's."
_TWINS = "Rows that are near to each other, and what tells them apart."
_NOBODY = (
    "Rows that nothing carries in this release: their state is `unknown`. The list only shrinks; a test sees to it."
)
_OF_ROW = "the row it is about"


def page() -> str:
    contract = matrix.load("1")
    never = ", ".join(sorted(operations.NEVER_LENT))
    return "\n".join(
        [
            markdown.NOTE.format(source="the code that names the activities"),
            _HEAD.format(count=len(contract.activities), never=never).rstrip(),
            _section("Rows", _ROWS, _rows(contract)),
            _section("Operations", _OPERATIONS, _operations(contract)),
            _section("Fields", _FIELDS, _table(contract, "Field", operations.ACTIVITY_OF_FIELD)),
            _section("Steps", _STEPS, _steps(contract)),
            _section("Jobs", _JOBS, _jobs(contract)),
            _section("Near rows", _TWINS, _near()),
            _section("Not carried", _NOBODY, _waiting(contract)),
        ]
    )


_TITLES = ["Activity", "Customer", "Provider", "In the contract's words"]


def _section(title: str, said: str, table: str) -> str:
    return f"\n## {title}\n\n{said}\n\n{table.rstrip()}"


def _rows(contract: model.Matrix) -> str:
    by_row: dict[str, dict[str, list[str]]] = {}
    for activity, kind, name in walks.carriers():
        by_row.setdefault(activity, {}).setdefault(kind, []).append(name)
    lines = []
    for activity, row in contract.activities.items():
        rule, carried = evidence_rules.rule_of(activity), by_row.get(activity, {})
        names = [
            ", ".join(markdown.code(name) for name in (*carried.get("operation", []), *carried.get("field", []))),
            str(len(carried.get("step", [])) or ""),
            ", ".join(markdown.code(name) for name in carried.get("job", [])),
        ]
        lines.append([*_letters(row)[:3], rule.way.value, *names, _evidence(rule)])
    return markdown.table([*_TITLES[:3], "Class", "Operations", "Steps", "Jobs", "Evidence"], lines)


def _evidence(rule: evidence_rules.RowRule) -> str:
    if not rule.carried:
        return f"waits for {rule.waits_for}"
    found = [each.collector for each in rule.sources]
    if rule.word is not evidence_rules.Word.NOTHING:
        found.append("a named person's word")
    if rule.review is not None:
        found.append(f"the review `{rule.review.name}`")
    return ", ".join(dict.fromkeys(found))


def _operations(contract: model.Matrix) -> str:
    def lines() -> Iterator[list[str]]:
        for name, rule in operations.RULES.items():
            roles = [rule.customer.value, rule.provider.value]
            shown = _letters(contract.activity(rule.activity)) if rule.activity else ["", "", "", _OF_ROW]
            may = [_may(each) for each in zip(shown[1:3], roles, strict=True)]
            yield [markdown.code(name), shown[0], *may, shown[3]]

    return markdown.table(["Operation", *_TITLES], lines())


def _may(part: tuple[str, str]) -> str:
    """Letters with the least role, where they let a party act."""
    letters, role = part
    return f"{letters} ({role})" if set(letters) & {"R", "A"} else letters


def _steps(contract: model.Matrix) -> str:
    rows = ([flow, step, *_letters(contract.activity(activity))[:-1]] for flow, step, activity in walks.steps())
    return markdown.table(["Flow", "Step", *_TITLES[:-1]], rows)


def _jobs(contract: model.Matrix) -> str:
    rows = (
        [markdown.code(each.name), f"{each.every:g} s", *_letters(contract.activity(each.activity))]
        for each in walks.all_jobs()
    )
    return markdown.table(["Job", "Every", *_TITLES], rows)


def _near() -> str:
    rows = (
        [
            each.activity,
            each.asked,
            ", ".join(markdown.code(name) for name in each.operations),
            ", ".join(markdown.code(name) for name in each.fields),
        ]
        for each in twins.ALL
    )
    return markdown.table(["Activity", "What is asked for", "Operations", "Fields"], rows)


def _waiting(contract: model.Matrix) -> str:
    rows = ([*_letters(contract.activity(activity)), waits] for activity, waits in waiting.WAITING.items())
    return markdown.table([*_TITLES, "Waits for"], rows)


def _table(contract: model.Matrix, title: str, activities: Mapping[str, str]) -> str:
    rows = ([markdown.code(name), *_letters(contract.activity(activity))] for name, activity in activities.items())
    return markdown.table([title, *_TITLES], rows)


def _letters(activity: model.Activity) -> list[str]:
    letters = model.letters(activity)
    words = activity.text
    if activity.disputed:
        other = ", ".join(f"{party} {held or '-'}" for party, held in model.other_reading(activity).items())
        words += f" *(disputed: another edition says {other})*"
    return [activity.id, letters[errors.CUSTOMER], letters[errors.PROVIDER], words]
