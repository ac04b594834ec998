"""`steward inbox` and `steward webhooks`: what they ask for and what a person reads."""

from tests.unit.cli.fakes import PROJECT, Desk

INBOX = f"/native/projects/{PROJECT}/notices"
HOOKS = f"/native/projects/{PROJECT}/webhooks"
NOTICE = {
    "id": "n1",
    "type": "cluster:installed",
    "activity": "2.1-1",
    "projectId": PROJECT,
    "clusterId": None,
    "subject": "cluster:1",
    "severity": "info",
    "title": "Your cluster is installed",
    "text": "Kubernetes 1.36.3",
    "facts": {},
    "createdAt": "2030-01-01T00:00:00Z",
    "dueAt": "2030-01-08T00:00:00Z",
    "seenAt": None,
    "receipt": {"channel": "mail", "receivedAt": "2030-01-01T00:01:00Z"},
}
SEEN = NOTICE | {"id": "n0", "seenAt": "2030-01-01T00:02:00Z", "receipt": None}
HOOK = {
    "id": "h1",
    "url": "https://hook.example/",
    "least": "info",
    "digest": False,
    "checkpoints": True,
    "createdAt": "2030-01-01T00:00:00Z",
    "rotatedAt": None,
}


def test_what_was_not_seen(desk: Desk) -> None:
    desk.service.says("GET", INBOX, {"notices": [NOTICE], "unseen": 1, "before": ""})
    result = desk.run("inbox")
    assert result.code == 0
    assert "Your cluster is installed" in result.out
    assert "1 not seen yet" in result.err
    assert desk.service.query("GET", INBOX) == {"limit": "50", "unseen": "true"}
    wide = desk.run("inbox", "--all", "-o", "wide", "--limit", "7")
    assert "mail" in wide.out
    assert desk.service.query("GET", INBOX) == {"limit": "7"}
    assert desk.run("inbox", "-o", "json").json == [NOTICE]
    assert desk.service.asked("POST", f"{INBOX}/n1/seen") == []


def test_an_empty_inbox(desk: Desk) -> None:
    desk.service.says("GET", INBOX, {"notices": [], "unseen": 0, "before": ""})
    result = desk.run("inbox")
    assert (result.code, result.out) == (0, "")
    assert "Nothing that you did not see" in result.err


def test_those_shown_are_noted_as_seen_once(desk: Desk) -> None:
    desk.service.says("GET", INBOX, {"notices": [NOTICE, SEEN], "unseen": 1, "before": ""})
    desk.service.says("POST", f"{INBOX}/n1/seen", NOTICE)
    assert desk.run("inbox", "--all", "--seen").code == 0
    assert len(desk.service.asked("POST", f"{INBOX}/n1/seen")) == 1
    assert desk.service.asked("POST", f"{INBOX}/n0/seen") == []


def test_the_providers_inbox(desk: Desk) -> None:
    desk.service.says("GET", "/native/notices", {"notices": [NOTICE], "unseen": 1, "before": ""})
    desk.service.says("POST", "/native/notices/n1/seen", NOTICE)
    result = desk.run("inbox", "--as", "provider", "--seen", "-o", "name")
    assert (result.code, result.out) == (0, "n1\n")
    (request,) = desk.service.asked("POST", "/native/notices/n1/seen")
    assert request.headers["authorization"] == "Bearer operators-token"


def test_webhooks_are_listed(desk: Desk) -> None:
    desk.service.says("GET", HOOKS, [HOOK])
    result = desk.run("webhooks", "list")
    assert "https://hook.example/" in result.out
    assert desk.run("webhooks", "list", "-o", "json", "--as", "provider").json == [HOOK]
    desk.service.says("GET", HOOKS, [])
    assert "No webhooks yet" in desk.run("webhooks", "list").err


def test_a_webhooks_secret_is_shown_when_it_is_made_and_when_it_changes(desk: Desk) -> None:
    desk.service.says("POST", HOOKS, HOOK | {"secret": "whsec_one"})
    made = desk.run("webhooks", "add", "https://hook.example/", "--least", "warning", "--checkpoints")
    assert (made.code, "whsec_one" in made.out) == (0, True)
    assert desk.service.sent("POST", HOOKS) == {
        "url": "https://hook.example/",
        "least": "warning",
        "digest": False,
        "checkpoints": True,
    }
    desk.service.says("POST", f"{HOOKS}/h1/rotate", HOOK | {"secret": "whsec_two"})
    assert "whsec_two" in desk.run("webhooks", "rotate", "h1").out


def test_a_test_that_does_not_arrive_ends_with_1(desk: Desk) -> None:
    desk.service.says("POST", f"{HOOKS}/h1/test", {"arrived": True, "answer": "200 id"})
    assert desk.run("webhooks", "test", "h1").code == 0
    desk.service.says("POST", f"{HOOKS}/h1/test", {"arrived": False, "answer": "It answered 503"})
    result = desk.run("webhooks", "test", "h1")
    assert (result.code, "It answered 503" in result.out) == (1, True)


def test_removing_one_asks_first(desk: Desk) -> None:
    desk.service.says("DELETE", f"{HOOKS}/h1", None)
    assert desk.run("webhooks", "remove", "h1").code != 0
    assert desk.service.asked("DELETE", f"{HOOKS}/h1") == []
    assert desk.run("webhooks", "remove", "h1", "--yes").code == 0
    assert len(desk.service.asked("DELETE", f"{HOOKS}/h1")) == 1
