"""Lists as clients page through them: expanded into objects as the web interface asks, and from cursor to cursor."""

from pathlib import Path
from typing import Any

import pytest

from tests.api import serving

MODE = {"X-Pagination-Mode": "CachedObjectList-Pages"}
POOL = {"flavorName": "d2-4", "name": "web", "desiredNodes": 7}


async def walked(service: serving.Service, path: str, size: int) -> list[Any]:
    """All of a list by its cursors, which have to end."""
    found, headers = [], {"X-Pagination-Size": str(size)}
    for _ in range(100):
        answer = await service.call("GET", path, headers=headers)
        assert answer.status == 200, answer.text
        assert len(answer.body) <= size
        found += answer.body
        cursor = answer.headers.get("x-pagination-cursor-next")
        if cursor is None:
            return found
        headers = {"X-Pagination-Cursor": cursor}
    raise AssertionError("the cursors do not end")


def test_clusters_expanded_sorted_and_in_pages(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = [await service.order(name=name) for name in ("web-b", "api", "web-a")]

        async def asked(**headers: str) -> serving.Answer:
            return await service.call(
                "GET",
                service.kube,
                headers=MODE | {f"X-Pagination-{k.replace('_', '-')}": v for k, v in headers.items()},
            )

        plain = await asked()
        assert [each["id"] for each in plain.body] == [each["id"] for each in made]
        assert plain.headers["x-pagination-elements"] == "3"
        assert plain.body[0] == (await service.call("GET", f"{service.kube}/{made[0]['id']}")).body
        names = [each["name"] for each in (await asked(Sort="name", Sort_Order="DESC")).body]
        assert names == ["web-b", "web-a", "api"]
        second = await asked(Sort="name", Number="2", Size="2")
        assert [each["name"] for each in second.body] == ["web-b"]
        assert second.headers["x-pagination-elements"] == "3"
        web = await asked(Filter="name:like=web%25&status:eq=INSTALLING", Sort="createdAt", Size="1")
        assert [each["name"] for each in web.body] == ["web-b"]
        assert web.headers["x-pagination-elements"] == "2"
        assert (await asked(Filter="name:in=api,none", Number="9")).body == []
        listed = await service.call("GET", "/cloud/project", headers=MODE)
        assert [each["project_id"] for each in listed.body] == [service.project]

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ("desiredNodes:gt=6", 1), ("desiredNodes:lt=7", 0), ("desiredNodes:ge=7&maxNodes:le=100", 1),
        ("autoscale:eq=false", 1), ("autoscale:ne=false", 0), ("attachFloatingIps:eq=null", 1),
        ("autoscaling.scaleDownUnneededTimeSeconds:eq=600", 1), ("name:nlike=%25eb", 0), ("flavor:nin=b2-7,c3-4", 1),
        ("createdAt:lt=2000-01-01T00:00:00Z", 0),
    ],
)  # fmt: skip
def test_what_filters_keep(tmp_path: Path, wanted: str, count: int) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(nodepool=POOL)
        answer = await service.call(
            "GET", f"{service.kube}/{made['id']}/nodepool", headers=MODE | {"X-Pagination-Filter": wanted}
        )
        assert (answer.status, len(answer.body)) == (200, count)

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Pagination-Mode": "Everything"},
        MODE | {"X-Pagination-Number": "0"},
        MODE | {"X-Pagination-Number": "x"},
        MODE | {"X-Pagination-Size": "-1"},
        MODE | {"X-Pagination-Size": "99999999999999999999"},
        MODE | {"X-Pagination-Sort-Order": "SIDEWAYS"},
        MODE | {"X-Pagination-Sort": "colour"},
        MODE | {"X-Pagination-Sort": "customization.colour"},
        MODE | {"X-Pagination-Filter": "name"},
        MODE | {"X-Pagination-Filter": "name:is=a"},
        MODE | {"X-Pagination-Filter": "colour:eq=a"},
        MODE | {"X-Pagination-Filter": "&".join(["name:eq=a"] * 30)},
        {"X-Pagination-Size": "0"},
        {"X-Pagination-Size": "10001"},
        {"X-Pagination-Cursor": "nonsense"},
        {"X-Pagination-Cursor": "W10"},
        {"X-Pagination-Cursor": "WzEsMiwzXQ"},
        {"X-Pagination-Cursor": "\u00e9".encode("latin-1").decode("latin-1")},
    ],
)
def test_bad_wishes_are_refused_with_their_header(tmp_path: Path, headers: dict[str, str]) -> None:
    async def story(service: serving.Service) -> None:
        await service.order()
        sent = {name: value.encode("latin-1") for name, value in headers.items()}
        answer = await service.call("GET", service.kube, headers=sent)
        assert answer.status == 400, answer.text
        assert answer.body["message"].startswith("[X-Pagination-")

    serving.run(tmp_path, story)


@pytest.mark.parametrize("size", [1, 3, 7, 50])
def test_a_walk_by_cursors_meets_everything_once(tmp_path: Path, size: int) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(nodepool=POOL)
        kube = f"{service.kube}/{made['id']}"
        whole = (await service.call("GET", f"{kube}/node")).body
        assert len(whole) == 7
        for path in (f"{kube}/node", f"{kube}/nodepool/{whole[0]['nodePoolId']}/nodes"):
            found = await walked(service, path, size)
            assert sorted(each["id"] for each in found) == sorted(each["id"] for each in whole)
        assert await walked(service, service.kube, size) == [made["id"]]
        flavors = (await service.call("GET", f"{kube}/flavors")).body
        assert len(await walked(service, f"{kube}/flavors", size)) == len(flavors)
        assert await walked(service, f"{kube}/node?history=true", size) == []

    serving.run(tmp_path, story)


def test_what_goes_between_two_pages_hides_no_other(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ids = sorted([(await service.order())["id"] for _ in range(6)])
        first = await service.call("GET", service.kube, headers={"X-Pagination-Size": "2"})
        assert first.body == ids[:2]
        async with service.records.begin() as work:
            for gone in ids[:2]:
                await work.clusters.remove(gone)  # type: ignore[arg-type]  # a text is an id here
        cursor = {"X-Pagination-Cursor": first.headers["x-pagination-cursor-next"], "X-Pagination-Size": "9"}
        rest = await service.call("GET", service.kube, headers=cursor)
        assert rest.body == ids[2:]
        assert "x-pagination-cursor-next" not in rest.headers

    serving.run(tmp_path, story)


def test_lists_of_words_have_nothing_to_expand_to(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = f"/cloud/project/{service.project}/capabilities/kube/regions"
        whole = await service.call("GET", path)
        assert (await service.call("GET", path, headers=MODE)).body == whole.body
        assert sorted(await walked(service, path, 1)) == sorted(whole.body)

    serving.run(tmp_path, story)


@pytest.mark.parametrize("name", ["X-Pagination-Mode", "X-Pagination-Size", "X-Pagination-Cursor"])
def test_who_calls_is_known_before_how_it_asks(tmp_path: Path, name: str) -> None:
    """A stranger learns nothing of what is taken; whoever may read learns what is wrong."""

    async def story(service: serving.Service) -> None:
        wrong = {name: "no such thing"}
        for headers, status in (({}, 401), ({"authorization": "Bearer stw_unknown"}, 403)):
            stranger = await service.http.get(f"/1.0{service.kube}", headers=headers | wrong)
            assert stranger.status_code == status, stranger.text
        assert (await service.call("GET", service.kube, headers=wrong)).status == 400

    serving.run(tmp_path, story)
