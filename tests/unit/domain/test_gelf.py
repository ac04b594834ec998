"""Events as GELF: everything of them, in the form that receivers take, whatever stands in a line."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from steward.domain import gelf

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ORIGIN = gelf.Origin(cluster_id="c", project_id="p", read_at=NOW)
EVENT: dict[str, Any] = {
    "auditID": "a-1",
    "verb": "create",
    "requestURI": "/api/v1/namespaces/shop/pods/web/exec",
    "user": {"username": "alice"},
    "sourceIPs": ["192.0.2.7"],
    "objectRef": {"resource": "pods", "subresource": "exec", "namespace": "shop", "name": "web", "apiVersion": "v1"},
    "responseStatus": {"code": 101},
    "requestReceivedTimestamp": "2030-01-01T00:00:01.250000Z",
    "annotations": {"authorization.k8s.io/decision": "allow"},
}


def test_an_event_is_searchable_and_whole() -> None:
    line = json.dumps(EVENT).encode()
    made = gelf.of_event(line, ORIGIN)
    assert made["short_message"] == "create pods/exec shop/web by alice: 101"
    assert made["timestamp"] == NOW.timestamp() + 1.25
    assert made["full_message"].encode() == line
    assert (made["_user"], made["_source_ip"], made["_code"], made["_decision"]) == ("alice", "192.0.2.7", 101, "allow")
    assert "_api_group" not in made, "what an event does not have is left out"


def test_what_is_no_event_is_handed_on_as_it_is() -> None:
    for line in (b"{", b"[]", b"\xff\xfe", b"null"):
        made = gelf.of_event(line, ORIGIN)
        assert "no event" in made["short_message"]
        assert made["full_message"] == line.decode("utf-8", "replace")


def test_a_loss_is_a_warning() -> None:
    made = gelf.of_loss("the file is gone", ORIGIN)
    assert made["level"] == gelf.WARNING
    assert "the file is gone" in made["short_message"]


values = st.recursive(
    st.sampled_from([None, True, 0, -(2**70), "", "alice", "nul \0", "\ud800", "ü", "2030-01-01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*EVENT, "username", "code"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(list(EVENT)), values))
def test_whatever_stands_in_it_makes_a_message_that_gelf_allows(event: dict[str, Any]) -> None:
    made = gelf.of_event(json.dumps(event).encode(), ORIGIN)
    assert made["version"] == "1.1"
    assert made["short_message"].strip()
    for name, value in made.items():
        assert type(value) in (str, int, float), name
        assert name != "_id"
    assert b"\0" not in json.dumps(made).encode()
