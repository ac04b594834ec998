"""A log in memory and its bundle, made with nothing of the storage: leaves, keys, checkpoints."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from steward.kit import bundles, leaves, merkle, notes

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SERVICE, LOG = "steward.test", "project-0"
ORIGIN = f"{SERVICE}/{LOG}"


@dataclass
class Log:
    """`at` goes on by a second per entry. Everything is written down as the service would write it."""

    secret: bytes = field(default_factory=notes.new_secret)
    at: datetime = NOW
    tree: merkle.Growing = field(default_factory=merkle.Growing)
    entries: list[bundles.Entry] = field(default_factory=list)
    checkpoints: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.announce("")

    @property
    def key(self) -> notes.Key:
        return notes.Key(name=ORIGIN, public=notes.public_of(self.secret))

    def add(self, kind: str = "event", facts: dict[str, object] | None = None, **personal: str) -> None:
        disclosed = leaves.salted(personal)
        content = {
            "log": LOG,
            "index": self.tree.size,
            "at": leaves.moment(self.at),
            "kind": kind,
            "activity": "3.1.3-3",
            "subject": "cluster:1",
            "facts": facts or {},
            "commitments": leaves.commitments(disclosed),
        }
        leaf = leaves.written(content)
        self._append(leaf, disclosed or None)

    def _append(self, leaf: str, disclosed: leaves.Disclosed | None) -> None:
        digest = merkle.leaf_hash(leaf.encode())
        self.entries.append(bundles.Entry(index=self.tree.size, hash=digest, leaf=leaf, disclosed=disclosed))
        self.tree.append(digest)
        self.at += timedelta(seconds=1)

    def sign(self, secret: bytes | None = None, origin: str = ORIGIN) -> str:
        text = notes.Checkpoint(origin=origin, size=self.tree.size, root=self.tree.root, at=self.at).text
        self.checkpoints[self.tree.size] = notes.signed(text, origin, secret or self.secret)
        return self.checkpoints[self.tree.size]

    def rotate(self, *, signed_by: bytes | None = None) -> None:
        new = notes.new_secret()
        text = bundles.rotation_text(SERVICE, notes.public_of(new))
        note = notes.signed(text, bundles.rotation_name(SERVICE), signed_by or self.secret)
        self.secret = new
        self.announce(note)

    def announce(self, note: str) -> None:
        public = notes.encoded(notes.public_of(self.secret))
        self.add("key", {"public": public, "note": note}, actor="automation")

    def lines(self, *, reader: str = bundles.CUSTOMER) -> list[bytes]:
        """Signed to the end."""
        if self.tree.size not in self.checkpoints:
            self.sign()
        return written(self.entries, self.checkpoints, size=self.tree.size, reader=reader)


def written(
    entries: list[bundles.Entry], checkpoints: dict[int, str], *, size: int, reader: str = bundles.CUSTOMER
) -> list[bytes]:
    """With a right end, as somebody would write it who altered what stands before."""
    writer = bundles.Writer()
    header = bundles.Header(origin=ORIGIN, log=LOG, size=size, reader=reader, exported_at=leaves.moment(NOW))
    lines = [writer.header(header)]
    for position, entry in enumerate(entries):
        lines.append(writer.entry(entry))
        if position + 1 in checkpoints:
            lines.append(writer.checkpoint(position + 1, checkpoints[position + 1]))
    return [*lines, writer.end()]


def furnished(*, size: int = 12, every: int = 4, rotate_at: int = 7) -> Log:
    log = Log()
    while log.tree.size < size:
        if log.tree.size == rotate_at:
            log.rotate()
        else:
            log.add(facts={"n": log.tree.size, "text": "grün"}, actor=f"person{log.tree.size}@example.org", message="x")
        if log.tree.size % every == 0:
            log.sign()
    return log
