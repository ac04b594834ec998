"""What stands around Kubernetes in OVHcloud's API: projects' fields and tags, regions, flavors of instances."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api import serving


def test_flavors_of_instances_by_region_and_id(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        flavors = f"/cloud/project/{service.project}/flavor"
        of_one = (await service.call("GET", f"{flavors}?region=LOCAL1")).body
        everywhere = (await service.call("GET", flavors)).body
        regions = (await service.call("GET", f"/cloud/project/{service.project}/region")).body
        assert {each["region"] for each in of_one} == {"LOCAL1"}
        assert len(everywhere) == len(of_one) * len(regions)
        assert len({each["id"] for each in everywhere}) == len(everywhere)
        b27 = next(each for each in of_one if each["name"] == "b2-7")
        assert (b27["vcpus"], b27["ram"], b27["available"]) == (2, 7168, True)
        assert (await service.call("GET", f"{flavors}/{b27['id']}")).body == b27
        unknown = await service.call("GET", f"{flavors}/{service.project}")
        assert (unknown.status, unknown.body["class"]) == (404, "Client::NotFound")
        assert (await service.call("GET", f"{flavors}?region=NOWHERE")).status == 400

    serving.run(tmp_path, story)


def test_room_for_instances_shrinks_with_what_is_ordered(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        flavors = f"/cloud/project/{service.project}/flavor?region=LOCAL1"

        async def left() -> int:
            return next(each["quota"] for each in (await service.call("GET", flavors)).body if each["name"] == "b2-7")

        before = await left()
        await service.order(nodepool={"flavorName": "b2-7", "desiredNodes": 2})
        assert before - 3 <= await left() <= before - 2

    serving.run(tmp_path, story)


def test_regions_are_open_from_the_start(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        project = f"/cloud/project/{service.project}"
        assert (await service.call("GET", f"{project}/regionAvailable")).body == []
        opened = await service.call("POST", f"{project}/region", {"region": "LOCAL1"})
        assert opened.body == (await service.call("GET", f"{project}/region/LOCAL1")).body
        await service.clock.sleep(1)
        for body, message in (({"region": "NOWHERE"}, "NOWHERE"), ({}, "[region] Missing parameter")):
            refused = await service.call("POST", f"{project}/region", body)
            assert refused.status == 400
            assert message in refused.body["message"]

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({}, True),
        ({"ovh:serviceName": [{"operator": "EQ", "value": "PROJECT"}]}, True),
        ({"ovh:serviceName": [{"value": "other"}]}, False),
        ({"ovh:serviceName": [{"operator": "NEQ", "value": "other"}, {"operator": "EXISTS"}]}, True),
        ({"ovh:serviceName": [{"operator": "LIKE", "value": "%"}]}, True),
        ({"team": [{"operator": "EXISTS"}]}, False),
        ({"team": [{"operator": "NEXISTS"}]}, True),
        ({"team": [{"operator": "ILIKE", "value": "%"}]}, False),
    ],
)
def test_projects_by_their_tags(tmp_path: Path, wanted: dict[str, Any], fits: bool) -> None:
    async def story(service: serving.Service) -> None:
        text = json.dumps(wanted).replace("PROJECT", service.project)
        answer = await service.call("GET", f"/cloud/project?iamTags={serving.quoted(text)}")
        assert answer.body == ([service.project] if fits else [])

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"a":1}', '{"a":[1]}', '{"a":[{"operator":"IS"}]}', '{"a":[{"value":1}]}']
)
def test_a_filter_that_is_none(tmp_path: Path, text: str) -> None:
    async def story(service: serving.Service) -> None:
        answer = await service.call("GET", f"/cloud/project?iamTags={serving.quoted(text)}")
        assert (answer.status, answer.body["message"][:9]) == (400, "[iamTags]")

    serving.run(tmp_path, story)


def test_a_project_as_the_command_line_edits_it(tmp_path: Path) -> None:
    """It reads the whole, changes a field and sends all that can be written."""

    async def story(service: serving.Service) -> None:
        project = f"/cloud/project/{service.project}"
        found = (await service.call("GET", project)).body
        edited = await service.call("PUT", project, {"description": "web shop", "manualQuota": found["manualQuota"]})
        assert (edited.status, edited.body) == (200, None)
        assert (await service.call("GET", project)).body["description"] == "web shop"
        refused = await service.call("PUT", project, {"manualQuota": False})
        assert (refused.status, "never by themselves" in refused.body["message"]) == (400, True)
        assert (await service.call("PUT", project, {"description": "a\x00"})).status == 400

    serving.run(tmp_path, story)
