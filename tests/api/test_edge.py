"""The skin of OVHcloud's part: prefixes, headers, methods, browsers, escapes."""

from pathlib import Path

import pytest

from tests.api import serving

FOREIGN = {"Origin": "https://console.example", "Access-Control-Request-Method": "GET"}


def test_a_browser_may_ask_from_anywhere(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.order()
        for path, methods in (
            (service.kube, "GET, HEAD, OPTIONS, POST"),
            (f"{service.kube}/{made['id']}", "DELETE, GET, HEAD, OPTIONS, PUT"),
            ("/auth/time", "GET, HEAD, OPTIONS"),
        ):
            for prefix in ("/1.0", "/v1"):
                answer = await service.http.request("OPTIONS", f"{prefix}{path}", headers=FOREIGN)
                assert (answer.status_code, answer.content) == (204, b"")
                assert answer.headers["access-control-allow-methods"] == methods
                assert answer.headers["access-control-allow-origin"] == "*"
                assert "X-Ovh-Signature" in answer.headers["access-control-allow-headers"]
        nowhere = await service.http.request("OPTIONS", "/1.0/no/such/route", headers=FOREIGN)
        assert nowhere.status_code == 404
        ours = await service.http.request("OPTIONS", "/native/projects", headers=FOREIGN)
        assert ours.status_code == 405
        assert "access-control-allow-origin" not in ours.headers

    serving.run(tmp_path, story)


def test_every_answer_says_what_scripts_of_other_origins_may_read(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        for path, status in ((service.kube, 200), ("/no/such/route", 404), (f"{service.kube}/x", 404)):
            answer = await service.call("GET", path)
            assert answer.status == status
            exposed = answer.headers["access-control-expose-headers"].lower()
            for name in ("x-pagination-cursor-next", "x-pagination-elements", "x-ovh-queryid"):
                assert name in exposed
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["cache-control"] == "no-cache, no-store"

    serving.run(tmp_path, story)


def test_head_is_get_without_a_body(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = f"/1.0{service.kube}"
        for signed_as, status in (("HEAD", 200), ("GET", 400)):
            headers = service.signed(signed_as, f"{serving.BASE}{path}", b"", service.keys)
            answer = await service.http.request("HEAD", path, headers=headers)
            assert (answer.status_code, answer.content) == (status, b"")
            assert answer.headers["x-ovh-queryid"]
        for path in ("/1.0/auth/time", "/native/health"):
            assert (await service.http.request("HEAD", path)).status_code == 200
        for path in ("/1.0/nowhere", "/1.0/auth/logout"):
            answer = await service.http.request("HEAD", path)
            assert (answer.status_code, answer.content) in ((404, b""), (405, b""))

    serving.run(tmp_path, story)


def test_a_method_that_a_path_has_not(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.order()
        for method, path, allowed in (
            ("PATCH", f"{service.kube}/{made['id']}", "DELETE, GET, HEAD, OPTIONS, PUT"),
            ("DELETE", service.kube, "GET, HEAD, OPTIONS, POST"),
            ("PUT", "/auth/credential", "OPTIONS, POST"),
        ):
            answer = await service.call(method, path)
            assert (answer.status, answer.body["class"]) == (405, "Client::MethodNotAllowed")
            assert answer.body["message"] == "This method is not allowed for this URL"
            assert answer.headers["allow"] == allowed

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    "path",
    ["/2.0/auth/time", "/v2/publicCloud/project", "/auth/time", "/1.0", "/v1/", "/1.0/1.0/auth/time", "/1.0/auth/time/",
     "/1.0//auth/time", "/1.0/auth%2Ftime/x", "/", "/v1.0/auth/time"],
)  # fmt: skip
def test_what_no_prefix_and_no_route_fits(tmp_path: Path, path: str) -> None:
    async def story(service: serving.Service) -> None:
        answer = serving.Answer(await service.http.get(path))
        assert answer.status == 404
        assert answer.body["message"] == "Got an invalid (or empty) URL"
        assert answer.body["class"] == "Client::NotFound"

    serving.run(tmp_path, story)


def test_a_path_is_signed_as_it_was_typed(tmp_path: Path) -> None:
    """Escapes and the order of a query are the client's; a prefix of its own makes no other object."""

    async def story(service: serving.Service) -> None:
        made = await service.order()
        escaped = f"/cloud/project/{service.project}/%6B%75be/{made['id']}?b=2&a=%20x"
        for prefix in ("/1.0", "/v1"):
            answer = await service.call("GET", escaped, prefix=prefix)
            assert (answer.status, answer.body["id"]) == (200, made["id"])
        assert (await service.call("GET", f"{service.kube}/..%2F..%2F{made['id']}")).status == 404
        other = await service.call("GET", f"{service.kube}/{made['id'].upper()}%00")
        assert other.status == 404

    serving.run(tmp_path, story)
