"""`docs/evidence.md`: what proves each row of the contract here, for how long, and what the others wait for."""

from collections.abc import Iterator

from docs.generate import markdown
from steward.domain import errors
from steward.responsibility import evidence_rules, matrix, model
from steward.responsibility.evidence_rules import RowRule, Word

_HEAD = """# What proves what

`steward report CLUSTER` says in which state each row of the contract is, for both parties the same. This page is the
table behind it. A state is one of:

| State | Meaning |
| --- | --- |
| proven | every source below was looked at, and what it showed still counts; the age is that of the oldest look |
| attested | a named person of the accountable party says so, until a day |
| not applicable | there is nothing to prove, and the report says why |
| stale | it was proven, and nobody has looked for too long; or a person's word has ended |
| unknown | nobody looked, it could not be told, or the party to be informed has no receipt yet |
| breached | it was seen to be otherwise, a review is overdue by its whole time again, or a notice missed its deadline |

A breach wins over everything, and does not fade because nobody looks. There is no percentage: no share of rows makes up
for one that is breached. A row with several sources needs all of them. Where the customer is informed (I), nothing is
proven without its receipt; where the provider is, what stands in its inbox is enough.

What a collector saw is kept with its facts; the ledger holds the digest of the facts, and gets a new entry when outcome
or facts change, and at most hourly when not. The facts of rows in which the provider has no letter are readable by the
customer alone. The provider reads their state, age and digest.

ENFORCE: the wrong party's act is refused or seen. DO: the provider's automation does it and leaves evidence. DETECT:
signals are shown, and a signal is no proof. ATTEST: a named person says so.
"""
_REVIEWS = (
    "Who has access is looked through by a named person. Overdue it makes its row stale, at twice the time a breach."
)
_WAITING = (
    "Nothing proves these rows in this release. Their state is `unknown`, but for those where a person's word stands."
)


def page() -> str:
    contract = matrix.newest()
    rules = [evidence_rules.rule_of(each) for each in contract.activities]
    carried = [each for each in rules if each.carried]
    waiting = [each for each in rules if not each.carried]
    return "\n".join(
        [
            markdown.NOTE.format(source="src/steward/responsibility/evidence_rules.py"),
            _HEAD.rstrip(),
            f"\n## The {len(carried)} rows that are carried\n",
            markdown.table(
                ["Activity", "Letters", "Class", "What proves it here"],
                ([each.activity, _letters(contract, each), each.way.value, _proof(each)] for each in carried),
            ),
            f"## The {len(waiting)} rows that wait\n\n{_WAITING}\n",
            markdown.table(
                ["Activity", "Letters", "Class", "Waits for", "Until then"],
                (
                    [each.activity, _letters(contract, each), each.way.value, each.waits_for, _meanwhile(each)]
                    for each in waiting
                ),
            ),
            f"## Reviews\n\n{_REVIEWS}\n",
            markdown.table(
                ["Review", "Row", "By", "Least role", "What is looked at", "Every"],
                ([each.name, _row_of(each), each.party, each.least.value, each.list, f"{each.every.days} days"]
                 for each in evidence_rules.REVIEWS.values()),
            ),
            "## How long a look counts\n",
            markdown.table(["Source", "Counts for"], _validity()),
        ]
    )  # fmt: skip


def _letters(contract: model.Matrix, rule: RowRule) -> str:
    held = contract.activity(rule.activity).letters
    return f"customer {model.shown(held[errors.CUSTOMER]) or '–'}, provider {model.shown(held[errors.PROVIDER]) or '–'}"


def _proof(rule: RowRule) -> str:
    parts = [f"`{each.collector}` ({each.scope.value}): {each.proves}" for each in rule.sources]
    if rule.word is Word.STANDS:
        parts.append(f"a named person of the accountable party states that {rule.word_on}")
    if rule.word is Word.IS_NEEDED:
        parts.append(f"a named person of the accountable party states {rule.word_on}")
    if rule.signal:
        parts.append(f"shown beside it, as a signal: {rule.signal}")
    if rule.review is not None:
        parts.append(f"the review `{rule.review.name}`")
    return "; ".join(parts)


def _meanwhile(rule: RowRule) -> str:
    return f"a person may state that {rule.word_on}" if rule.word is Word.STANDS else "unknown"


def _row_of(review: evidence_rules.Review) -> str:
    return next(each.activity for each in evidence_rules.RULES.values() if each.review is review)


def _validity() -> Iterator[list[str]]:
    for collector, span in evidence_rules.VALIDITY.items():
        hours = int(span.total_seconds() // 3600)
        long = f"{hours // 24} days" if hours > 24 else f"{hours} h"
        yield [markdown.code(collector), long if hours else f"{int(span.total_seconds() // 60)} min"]
