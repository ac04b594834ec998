"""Where the address and the keys come from, and which source wins."""

from pathlib import Path

import pytest

from steward.client import configuration, errors

KEYS = {"OVH_APPLICATION_KEY": "ak", "OVH_APPLICATION_SECRET": "as", "OVH_CONSUMER_KEY": "ck"}


def load(folder: Path, **environ: str) -> configuration.Configuration:
    return configuration.load(environ=environ, folder=folder, home=folder / "home")


def with_demo(folder: Path, text: str) -> None:
    (folder / ".steward").mkdir()
    (folder / ".steward" / "demo.env").write_text(text)


def with_ini(folder: Path, text: str) -> None:
    (folder / "home").mkdir()
    (folder / "home" / ".ovh.conf").write_text(text)


INI = """\
[default]
endpoint=http://10.0.0.1:8080/1.0
[http://10.0.0.1:8080/1.0]
application_key=iak
application_secret=ia%s
consumer_key=ick
[ovh-cli]
default_cloud_project=ip
"""


def test_nothing_at_all_means_this_machine(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert found == configuration.Configuration()
    assert found.base == "http://127.0.0.1:8080"


def test_the_environment(tmp_path: Path) -> None:
    found = load(tmp_path, OVH_ENDPOINT="https://k8s.example/1.0", OVH_CLOUD_PROJECT_SERVICE="p", **KEYS)
    assert (found.application_key, found.application_secret, found.consumer_key) == ("ak", "as", "ck")
    assert (found.base, found.project, found.encrypted, found.loopback) == ("https://k8s.example", "p", True, False)


@pytest.mark.parametrize(
    ("given", "endpoint"),
    [
        ("http://h:1/1.0", "http://h:1/1.0"),
        ("http://h:1/1.0/", "http://h:1/1.0"),
        ("http://h:1/v1", "http://h:1/v1"),
        ("http://h:1", "http://h:1/1.0"),
        ("https://h/behind/1.0", "https://h/behind/1.0"),
    ],
)
def test_endpoints(tmp_path: Path, given: str, endpoint: str) -> None:
    assert load(tmp_path, OVH_ENDPOINT=given).endpoint == endpoint


@pytest.mark.parametrize("wrong", ["ovh-eu", "127.0.0.1:8080", "ftp://h/1.0", "http://"])
def test_what_is_no_url(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(errors.Misconfigured, match="OVH_ENDPOINT"):
        load(tmp_path, OVH_ENDPOINT=wrong)


def test_the_demos_file(tmp_path: Path) -> None:
    with_demo(
        tmp_path,
        """# what make demo left
export OVH_ENDPOINT='http://127.0.0.1:9090/1.0'
OVH_APPLICATION_KEY="a k"   # a comment
OVH_APPLICATION_SECRET=as$HOME
export OVH_CONSUMER_KEY=ck OVH_CLOUD_PROJECT_SERVICE=p
STEWARD_STATE=state

""",
    )
    found = load(tmp_path)
    assert found.endpoint == "http://127.0.0.1:9090/1.0"
    assert (found.application_key, found.application_secret, found.consumer_key) == ("a k", "as$HOME", "ck")
    assert (found.project, found.token_file) == ("p", tmp_path / "state" / "operator.token")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    with_demo(tmp_path, "OVH_CLOUD_PROJECT_SERVICE=file\nOVH_CONSUMER_KEY=file")
    found = load(tmp_path, OVH_CLOUD_PROJECT_SERVICE="environment", OVH_CONSUMER_KEY="")
    assert (found.project, found.consumer_key) == ("environment", "file")


def test_a_named_file_is_read_instead(tmp_path: Path) -> None:
    with_demo(tmp_path, "OVH_CLOUD_PROJECT_SERVICE=demo")
    (tmp_path / "other.env").write_text("OVH_CLOUD_PROJECT_SERVICE=other")
    assert load(tmp_path, STEWARD_ENV="other.env").project == "other"


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured, match="STEWARD_ENV"):
        load(tmp_path, STEWARD_ENV="nowhere")


@pytest.mark.parametrize("line", ["words without sense", "1A=b", "A='b", "=b"])
def test_lines_that_are_none(line: str) -> None:
    with pytest.raises(errors.Misconfigured, match="Line 2"):
        configuration.parse_shell(f"A=b\n{line}")


def test_the_file_of_go_ovh(tmp_path: Path) -> None:
    with_ini(tmp_path, INI)
    found = load(tmp_path)
    assert found.endpoint == "http://10.0.0.1:8080/1.0"
    assert (found.application_key, found.application_secret, found.consumer_key) == ("iak", "ia%s", "ick")
    assert found.project == "ip"


def test_it_comes_last(tmp_path: Path) -> None:
    with_ini(tmp_path, INI)
    with_demo(tmp_path, "OVH_ENDPOINT=http://10.0.0.1:8080/1.0\nOVH_APPLICATION_KEY=demo")
    found = load(tmp_path, OVH_CONSUMER_KEY="environment")
    assert (found.application_key, found.application_secret, found.consumer_key) == ("demo", "ia%s", "environment")


def test_its_keys_are_only_for_its_endpoint(tmp_path: Path) -> None:
    with_ini(tmp_path, INI)
    assert load(tmp_path, OVH_ENDPOINT="http://127.0.0.1:8080/1.0").application_secret == ""


def test_ovhclouds_own_endpoint_in_it_is_none_of_ours(tmp_path: Path) -> None:
    with_ini(tmp_path, "[default]\nendpoint=ovh-eu\n[ovh-eu]\napplication_key=real\n")
    assert load(tmp_path) == configuration.Configuration()


def test_a_broken_one(tmp_path: Path) -> None:
    with_ini(tmp_path, "no section\n")
    with pytest.raises(errors.Misconfigured, match=r"\.ovh\.conf"):
        load(tmp_path)


def test_secrets_are_not_in_the_representation(tmp_path: Path) -> None:
    text = repr(load(tmp_path, STEWARD_PROVIDER_TOKEN="hush-t", **{key: f"hush-{key}" for key in KEYS}))
    assert text.count("hush") == 1  # the application key names who asks, and is no secret


class TestOperatorToken:
    def test_from_the_environment(self, tmp_path: Path) -> None:
        assert configuration.provider_token(load(tmp_path, STEWARD_PROVIDER_TOKEN="t")) == "t"

    def test_from_the_state_folder(self, tmp_path: Path) -> None:
        (tmp_path / "operator.token").write_text("t\n")
        assert configuration.provider_token(load(tmp_path, STEWARD_STATE=str(tmp_path))) == "t"

    def test_nowhere(self, tmp_path: Path) -> None:
        with pytest.raises(errors.Misconfigured, match="STEWARD_PROVIDER_TOKEN"):
            configuration.provider_token(load(tmp_path, STEWARD_STATE=str(tmp_path)))
