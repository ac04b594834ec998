"""Connections that are kept, closed, and not trusted any more."""

import asyncio
from dataclasses import replace

import httpx2

from tests.unit.outside.answering import ACCESS, CLUSTER, Api, always, run


def nodes_api() -> Api:
    return Api({"GET /api/v1/nodes": always({"items": []})})


def test_one_that_ends_is_asked_again_on_another_connection() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        heard.append(request.headers.get("connection", ""))
        if len(heard) < 3:
            return httpx2.Response(503, headers={"Retry-After": "1"}, json={"message": "apiserver is shutting down"})
        return httpx2.Response(200, json={"gitVersion": "v1.37.2"})

    heard: list[str] = []
    assert str(run(Api({"GET /version": answer}).guests.version(ACCESS))) == "1.37.2"
    assert heard[0] != "close"
    assert heard[1:] == ["close", "close"]


def test_one_connection_is_kept_for_an_identity() -> None:
    keeper = replace(ACCESS, user="keeper")

    async def story(api: Api) -> None:
        guests = api.guests
        for _ in range(3):
            await guests.nodes(keeper)
        assert len(api.opened) == 1
        await guests.nodes(replace(keeper, certificate="renewed"))
        assert [each.is_closed for each in api.opened] == [True, False]
        for user in ("canary", "probe", "installer"):
            await guests.nodes(replace(ACCESS, user=user))
        assert [each.is_closed for each in api.opened] == [True, False, False, False, False]
        await guests.nodes(replace(ACCESS, user="seldom"))
        assert [each.is_closed for each in api.opened] == [True, True, False, False, False, False]
        await guests.forget(CLUSTER)
        assert all(each.is_closed for each in api.opened)
        await guests.close()

    run(story(nodes_api()))


def test_a_connection_in_use_is_closed_by_its_last_user() -> None:
    async def story(api: Api) -> None:
        guests = api.guests
        asking = [asyncio.create_task(guests.nodes(ACCESS)) for _ in range(2)]
        await asyncio.sleep(0)
        await guests.forget(CLUSTER)
        assert not api.opened[0].is_closed
        assert await asyncio.gather(*asking) == [[], []]
        assert api.opened[0].is_closed
        await guests.nodes(ACCESS)
        assert len(api.opened) == 2
        await guests.close()
        assert api.opened[1].is_closed

    run(story(nodes_api()))
