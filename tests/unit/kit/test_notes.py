"""Notes as C2SP has them: what was signed opens, and nothing else does."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.kit import notes

# Of the package's own documentation: golang.org/x/mod/sumdb/note.
PETER = notes.read_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
SPOKEN = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{SPOKEN}\n— PeterNeumann {SIGNATURE}\n"
SECRET = notes.new_secret()
KEY = notes.Key(name="steward.test/log", public=notes.public_of(SECRET))


def test_a_note_that_go_signed() -> None:
    assert notes.opened(NOTE, PETER) == SPOKEN
    assert PETER.text == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_what_was_signed_opens(text: str) -> None:
    note = notes.signed(f"{text}\n\n{text}\n", KEY.name, SECRET)
    assert notes.opened(note, KEY) == f"{text}\n\n{text}\n"


@given(st.data())
def test_an_altered_note_does_not_open(data: st.DataObject) -> None:
    note = notes.signed("a\nb\n", KEY.name, SECRET)
    at = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(st.characters().filter(lambda each: each != note[at]))
    with pytest.raises(notes.Invalid):
        notes.opened(note[:at] + other + note[at + 1 :], KEY)


def test_a_signature_of_somebody_else_is_passed_over_but_does_not_count() -> None:
    other = notes.new_secret()
    key = notes.Key(name="witness", public=notes.public_of(other))
    both = notes.signed("a\n", KEY.name, SECRET) + notes.signed("a\n", "witness", other).rpartition("\n\n")[2]
    assert notes.opened(both, KEY) == notes.opened(both, key) == "a\n"
    with pytest.raises(notes.Invalid, match="did not sign"):
        notes.opened(notes.signed("a\n", KEY.name, SECRET), key)


@pytest.mark.parametrize("text", ["a", "a\tb\n", ""])
def test_what_is_no_text_of_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(notes.Invalid):
        notes.signed(text, KEY.name, SECRET)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\n"])
def test_what_is_no_name_signs_nothing(name: str) -> None:
    with pytest.raises(notes.Invalid):
        notes.signed("a\n", name, SECRET)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a+b+c", PETER.text + "A", PETER.text.replace("c74f", "c74e"), PETER.text.replace("+AR", "+BR")],
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(notes.Invalid):
        notes.read_key(text)


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    at = datetime(2030, 1, 1, 12, tzinfo=UTC)
    for moment in (at, None):
        made = notes.Checkpoint(origin=KEY.name, size=12, root=b"\1" * 32, at=moment)
        assert notes.read_checkpoint(made.text) == made
        assert notes.opened_checkpoint(notes.signed(made.text, KEY.name, SECRET), KEY) == made
    lines = made.text.splitlines()
    assert lines[:2] == [KEY.name, "12"]
    assert notes.read_checkpoint(made.text + "an extension of somebody else\ntime never\n").at is None


@pytest.mark.parametrize(
    "text",
    [
        "a\n1\n",
        "a\n01\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n",
        "a\n-1\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n",
        "a\n1\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF=\n",
        "a\n1\nAQE=\n",
        "a\n1\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "a\n1\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\n",
    ],
)
def test_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(notes.Invalid):
        notes.read_checkpoint(text)
