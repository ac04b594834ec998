"""The description as it is served: one document per part, and pages that show it."""

import re
from html.parser import HTMLParser
from pathlib import Path

from tests.api import serving


async def document(service: serving.Service, path: str) -> dict[str, dict[str, object]]:
    answer = await service.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    found: dict[str, dict[str, object]] = answer.json()
    return found


def test_each_part_has_its_document(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ovh = await document(service, "/1.0/openapi.json")
        assert ovh == await document(service, "/v1/openapi.json") == await document(service, "/1.0/cloud.json")
        assert ovh == await document(service, "/docs/openapi.json")
        assert "/cloud/project/{serviceName}/kube/{kubeId}" in ovh["paths"]
        assert [each["url"] for each in ovh["servers"]] == [f"{serving.BASE}/1.0", f"{serving.BASE}/v1"]  # type: ignore[index]
        native = await document(service, "/native/openapi.json")
        assert native == await document(service, "/docs/native/openapi.json")
        assert all(path.startswith("/native") for path in native["paths"])
        whole = await document(service, "/openapi.json")
        assert set(whole["paths"]) == {f"/1.0{path}" for path in ovh["paths"]} | set(native["paths"])
        assert str(whole["openapi"]).startswith("3.1")

    serving.run(tmp_path, story)


def test_what_needs_no_credentials_says_so(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        paths = (await document(service, "/1.0/openapi.json"))["paths"]
        assert paths["/auth/time"]["get"]["security"] == []  # type: ignore[index]
        asked = paths["/auth/details"]["get"]["security"]  # type: ignore[index]
        assert [sorted(each) for each in asked] == [["application", "consumer", "signature", "timestamp"], ["token"]]

    serving.run(tmp_path, story)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src"):
                self.targets.append(value or "")
            if name == "id":
                self.anchors.add(value or "")


def test_pages_load_nothing_from_elsewhere_and_their_links_lead_somewhere(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        for path in ("/docs", "/docs/native"):
            answer = await service.http.get(path)
            assert answer.status_code == 200
            assert "script-src" not in answer.headers["content-security-policy"]
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "<script" not in answer.text
            found = _Links()
            found.feed(answer.text)
            for target in dict.fromkeys(found.targets):
                if target.startswith("#"):
                    assert target[1:] in found.anchors, target
                else:
                    assert re.fullmatch(r"/docs(/[\w./]*)?", target), target
                    assert (await service.http.get(target)).status_code == 200, target
        assert (await service.http.get("/1.0/docs")).status_code == 404

    serving.run(tmp_path, story)


def test_every_operation_stands_on_its_page(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        for path, source in (("/docs", "/1.0/openapi.json"), ("/docs/native", "/native/openapi.json")):
            text = (await service.http.get(path)).text
            paths = (await document(service, source))["paths"]
            for each, item in paths.items():
                assert text.count(f"<code>{each}</code>") == len(item)  # type: ignore[arg-type]

    serving.run(tmp_path, story)
