"""Credentials from the request to the end, and what they may not reach."""

import dataclasses
from collections.abc import Awaitable, Callable

import pytest

from steward.domain import actors, credentials, errors, people
from steward.operations import credentials as credentials_
from steward.operations import projects as projects_
from steward.operations import rights
from tests.unit.operations import setting

Decide = Callable[..., Awaitable[credentials.Credential]]
WANTED = [("GET", "/*")]
ASKING = actors.application("application")


async def requested(service: setting.Setting, **fields: object) -> credentials.Credential:
    application, _ = await credentials_.issue(service.context, actors.OPERATOR, project_id=service.project_id)
    return await credentials_.request(
        service.context,
        ASKING,
        application_key=application.key,
        **{"rules": WANTED, **fields},  # type: ignore[arg-type]
    )


def test_issued_credentials_may_do_what_a_customer_does() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        _, issued = await credentials_.issue(service.context, actors.OPERATOR, project_id=service.project_id)
        assert issued.usable(setting.NOW)
        own = f"/cloud/project/{service.project_id}"
        # Which projects there are for it is decided by the account, so that another's answers as one that never was.
        for path in (
            "/cloud/project",
            own,
            f"{own}/kube",
            f"{own}/kube/x",
            "/auth/details",
            f"/cloud/project/{'0' * 32}",
        ):
            assert issued.grants("GET", path), path
        for path in ("/cloud", "/cloud/projects", "/mex", "/native", "/nativex/people"):
            assert not issued.grants("GET", path), path
        assert issued.grants("DELETE", f"{own}/kube/x")
        for path in (f"/native/projects/{service.project_id}/credentials", "/native/people", "/native/decisions/x"):
            assert issued.grants("POST", path), path

    setting.run(story())


def test_secrets_do_not_show() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        application, issued = await credentials_.issue(service.context, actors.OPERATOR, project_id=service.project_id)
        assert application.secret not in repr(application)
        assert issued.consumer_key not in repr(issued)

    setting.run(story())


def test_a_request_can_do_nothing_until_it_is_validated() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        pending = await requested(service)
        assert (pending.status, pending.usable(setting.NOW)) == (credentials.Status.PENDING, False)
        validated = await credentials_.validate(service.context, service.customer, credential_id=pending.id)
        assert validated.usable(setting.NOW)
        assert validated.account == "ab1-local"
        with pytest.raises(errors.Conflict):
            await credentials_.validate(service.context, service.stranger, credential_id=pending.id)

    setting.run(story())


@pytest.mark.parametrize("act", [credentials_.validate, credentials_.refuse])
def test_nobody_but_an_owner_of_the_customer_decides_on_a_request(act: Decide) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        pending = await requested(service)
        admin = dataclasses.replace(service.customer, role=people.Role.ADMIN)
        for actor in (actors.OPERATOR, admin, ASKING):
            with pytest.raises(rights.Refused) as refused:
                await act(service.context, actor, credential_id=pending.id)
            assert refused.value.decision.activity == "3.1.2-1"

    setting.run(story())


def test_a_refused_request_stays_refused() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        pending = await requested(service)
        refused = await credentials_.refuse(service.context, service.customer, credential_id=pending.id)
        assert (refused.status, refused.usable(setting.NOW)) == (credentials.Status.REFUSED, False)
        with pytest.raises(errors.Conflict):
            await credentials_.validate(service.context, service.customer, credential_id=pending.id)

    setting.run(story())


@pytest.mark.parametrize(
    "fields",
    [
        {"rules": []},
        {"rules": [("PATCH", "/*")]},
        {"rules": [("GET", "no-slash")]},
        {"allowed_ips": ["300.1.1.1"]},
        {"allowed_ips": ["10.0.0.1"] * 101},
        {"redirection": "x" * 501},
        {"redirection": "http://x/\n"},
    ],
)
def test_wrong_requests_are_refused(fields: dict[str, object]) -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        with pytest.raises(errors.BadInput):
            await requested(service, **fields)

    setting.run(story())


def test_unknown_applications_cannot_ask() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        with pytest.raises(errors.Forbidden) as refused:
            await credentials_.request(service.context, ASKING, application_key="nobody", rules=WANTED)
        assert refused.value.code == "INVALID_KEY"

    setting.run(story())


def test_revoked_is_revoked() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        application, issued = await credentials_.issue(service.context, actors.OPERATOR, project_id=service.project_id)
        for _ in range(2):
            await credentials_.revoke_of_project(
                service.context, service.customer, project_id=service.project_id, credential_id=issued.id
            )
        _, found = await credentials_.find(
            service.context, application_key=application.key, consumer_key=issued.consumer_key
        )
        assert found is not None
        assert not found.usable(setting.NOW)
        await credentials_.used(service.context, credential_id=issued.id, at=setting.NOW)
        again = await credentials_.get(service.context, actors.OPERATOR, credential_id=issued.id)
        assert (again.status, again.last_use) == (credentials.Status.EXPIRED, setting.NOW)

    setting.run(story())


def test_credentials_of_other_accounts_are_not_there() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        _, issued = await credentials_.issue(service.context, actors.OPERATOR, project_id=service.project_id)
        other = await projects_.create(service.context, actors.OPERATOR, account="zz9-local")
        for actor, project_id, credential_id in (
            (service.stranger, other.id, issued.id),
            (service.stranger, service.project_id, issued.id),
            (service.customer, other.id, issued.id),
            (service.customer, service.project_id, 99),
            (service.customer, service.project_id, -1),
        ):
            with pytest.raises(errors.NotFound):
                await credentials_.revoke_of_project(
                    service.context, actor, project_id=project_id, credential_id=credential_id
                )

    setting.run(story())


def test_the_first_key_is_handed_over_and_all_others_are_the_customers() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        support = dataclasses.replace(actors.OPERATOR, role=people.Role.SUPPORT)
        with pytest.raises(rights.Refused):
            await credentials_.issue(service.context, support, project_id=service.project_id)
        _, first = await credentials_.issue(service.context, actors.OPERATOR, project_id=service.project_id)
        for act in (
            credentials_.issue(service.context, actors.OPERATOR, project_id=service.project_id),
            credentials_.revoke_of_project(
                service.context, actors.OPERATOR, project_id=service.project_id, credential_id=first.id
            ),
        ):
            with pytest.raises(rights.Refused):
                await act
        _, own = await credentials_.issue(service.context, service.customer, project_id=service.project_id)
        assert own.usable(setting.NOW)
        async with service.records.read() as work:
            kept = await work.accounts.get("ab1-local")
        assert kept is not None
        assert kept.handed_over_at == setting.NOW

    setting.run(story())


def test_expired_is_unusable() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        _, issued = await credentials_.issue(service.context, actors.OPERATOR, project_id=service.project_id)
        assert not dataclasses.replace(issued, expires_at=setting.NOW).usable(setting.NOW)

    setting.run(story())


def test_projects_are_described_by_their_owner() -> None:
    async def story() -> None:
        service = await setting.Setting().with_project()
        await projects_.edit(service.context, service.customer, project_id=service.project_id, description="Shop")
        assert (
            await projects_.get(service.context, service.customer, project_id=service.project_id)
        ).description == "Shop"
        assert list(await projects_.all_of(service.context, service.stranger)) == []
        for account, description in (("Upper", ""), ("ab1", "\x07"), ("ab1", "\ud800"), ("ab1", "x" * 256)):
            with pytest.raises(errors.BadInput):
                await projects_.create(service.context, actors.OPERATOR, account=account, description=description)

    setting.run(story())


@pytest.mark.parametrize(
    ("pattern", "path", "granted"),
    [
        ("/a", "/a", True),
        ("/a", "/ab", False),
        ("/*", "/", True),
        ("/a*", "/a", True),
        ("/a/*", "/a", False),
        ("/*/kube", "/x/y/kube", True),
        ("/*/kube", "/kube", False),
        ("/a*a", "/a", False),
        ("/a*b*c", "/a-b-b-c", True),
        ("/a*b*c", "/a-c", False),
        ("/a.c", "/abc", False),
        ("/" + "*a" * 200, "/" + "a" * 400 + "b", False),
    ],
)
def test_stars_stand_for_any_characters(pattern: str, path: str, granted: bool) -> None:
    assert credentials.AccessRule("GET", pattern).grants("GET", path) == granted
    assert not credentials.AccessRule("GET", pattern).grants("PUT", path)
