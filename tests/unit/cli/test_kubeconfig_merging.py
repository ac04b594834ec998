"""Merging: nothing of anybody else's is lost, and doing it twice is doing it once."""

import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from steward.cli import failures, kubeconfigs

ID = "11111111-2222-4333-8444-555555555555"
NOW = 1_893_456_000.0


def way(name: str, server: str, *, user: str = "kubernetes-admin") -> kubeconfigs.Config:
    """A kubeconfig as the service gives it."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "users": [{"name": f"{user}-{name}", "user": {"client-key-data": server}}],
        "contexts": [{"name": f"{user}@{name}", "context": {"cluster": name, "user": f"{user}-{name}"}}],
        "current-context": f"{user}@{name}",
    }


NAMES = st.sampled_from(["demo", "prod", "x"])
SERVERS = st.sampled_from(["https://10.0.0.1:6443", "https://10.0.0.2:6443"])
WAYS = st.builds(way, NAMES, SERVERS)
IDS = st.uuids().map(str)


@st.composite
def files(draw: st.DrawFn) -> kubeconfigs.Config:
    """What somebody may have: several merged, foreign ones included."""
    present: kubeconfigs.Config = draw(st.sampled_from([{}, {"preferences": {"colors": True}, "clusters": None}]))
    for coming in draw(st.lists(WAYS, max_size=4)):
        present = kubeconfigs.merged(present, coming, identifier=draw(IDS))
    return present


def entries(config: kubeconfigs.Config, key: str) -> list[dict[str, object]]:
    found = config.get(key) or []
    assert isinstance(found, list)
    return found


def leads_to(config: kubeconfigs.Config) -> object:
    """The server and the key behind the current context."""
    by_name = {key: {entry["name"]: entry for entry in entries(config, key)} for key in kubeconfigs.LISTS}
    context = by_name["contexts"][config["current-context"]]["context"]
    assert isinstance(context, dict)
    cluster, user = by_name["clusters"][context["cluster"]], by_name["users"][context["user"]]
    return cluster["cluster"], user["user"]


@given(present=files(), coming=WAYS, identifier=IDS)
def test_merging_twice_is_merging_once(
    present: kubeconfigs.Config, coming: kubeconfigs.Config, identifier: str
) -> None:
    once = kubeconfigs.merged(present, coming, identifier=identifier)
    assert kubeconfigs.merged(once, coming, identifier=identifier) == once


@given(present=files(), coming=WAYS, identifier=IDS)
def test_the_current_context_leads_where_the_coming_one_led(
    present: kubeconfigs.Config, coming: kubeconfigs.Config, identifier: str
) -> None:
    assert leads_to(kubeconfigs.merged(present, coming, identifier=identifier)) == leads_to(coming)


@given(present=files(), coming=WAYS, identifier=IDS)
def test_every_way_to_another_server_is_kept(
    present: kubeconfigs.Config, coming: kubeconfigs.Config, identifier: str
) -> None:
    result = kubeconfigs.merged(present, coming, identifier=identifier)
    server = entries(coming, "clusters")[0]["cluster"]
    for entry in entries(present, "clusters"):
        if entry["cluster"] != server:
            assert entry in entries(result, "clusters")
    for key in kubeconfigs.LISTS:
        names = [entry["name"] for entry in entries(result, key)]
        assert len(names) == len(set(names))
    others = {key: value for key, value in present.items() if key not in (*kubeconfigs.LISTS, "current-context")}
    assert others.items() <= result.items()


def test_the_arguments_stay_as_they_are() -> None:
    present, coming = way("demo", "https://a"), way("demo", "https://b")
    kubeconfigs.merged(present, coming, identifier=ID)
    assert (present, coming) == (way("demo", "https://a"), way("demo", "https://b"))


def test_a_second_cluster_of_the_same_name_gets_its_id() -> None:
    result = kubeconfigs.merged(way("demo", "https://a"), way("demo", "https://b"), identifier=ID)
    assert [entry["name"] for entry in entries(result, "clusters")] == ["demo", "demo-11111111"]
    assert result["current-context"] == "kubernetes-admin@demo-11111111"


def test_a_cluster_made_anew_at_the_same_place_replaces_the_old_one() -> None:
    old, new = way("demo", "https://a"), way("demo", "https://a")
    entries(new, "users")[0]["user"] = {"client-key-data": "new"}
    assert kubeconfigs.merged(old, new, identifier=ID) == new


def test_somebody_elses_user_of_that_name_is_kept() -> None:
    present: kubeconfigs.Config = {"users": [{"name": "kubernetes-admin-demo", "user": {"token": "theirs"}}]}
    result = kubeconfigs.merged(present, way("demo", "https://a"), identifier=ID)
    assert {"name": "kubernetes-admin-demo", "user": {"token": "theirs"}} in entries(result, "users")


class TestFile:
    def merge(self, file: Path, name: str = "demo", server: str = "https://a") -> kubeconfigs.Merged:
        content = yaml.safe_dump(way(name, server))
        return kubeconfigs.merge_into(file, content, identifier=ID, now=NOW)

    def test_a_new_one(self, tmp_path: Path) -> None:
        file = tmp_path / "home" / ".kube" / "config"
        assert self.merge(file) == kubeconfigs.Merged(file=file, context="kubernetes-admin@demo", backup=None)
        assert yaml.safe_load(file.read_text()) == way("demo", "https://a")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700

    def test_the_old_content_is_kept_beside(self, tmp_path: Path) -> None:
        file = tmp_path / "config"
        file.write_text("# mine\nkind: Config\n")
        file.chmod(0o644)
        backup = self.merge(file).backup
        assert backup == tmp_path / "config.bak-20300101T000000Z"
        assert backup.read_text() == "# mine\nkind: Config\n"
        assert stat.S_IMODE(backup.stat().st_mode) == stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_two_backups_within_a_second(self, tmp_path: Path) -> None:
        file = tmp_path / "config"
        self.merge(file)
        first, second = self.merge(file, "b").backup, self.merge(file, "c").backup
        assert first is not None
        assert second is not None
        assert "demo" in first.read_text()
        assert "b" in {entry["name"] for entry in yaml.safe_load(second.read_text())["clusters"]}

    def test_no_change_writes_nothing(self, tmp_path: Path) -> None:
        file = tmp_path / "config"
        self.merge(file)
        before = file.stat().st_mtime_ns
        assert self.merge(file).backup is None
        assert file.stat().st_mtime_ns == before
        assert list(tmp_path.iterdir()) == [file]

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        target, link = tmp_path / "target", tmp_path / "link"
        link.symlink_to(target)
        self.merge(link)
        assert link.is_symlink()
        assert target.is_file()

    def test_moments_of_other_tools_come_back_unchanged(self, tmp_path: Path) -> None:
        file = tmp_path / "config"
        file.write_text("users:\n- name: a\n  user: {auth-provider: {config: {expiry: 2020-01-01T10:00:00Z}}}\n")
        self.merge(file)
        loaded = yaml.load(file.read_text(), Loader=yaml.BaseLoader)
        assert loaded["users"][0]["user"]["auth-provider"]["config"]["expiry"] == "2020-01-01T10:00:00Z"

    @pytest.mark.parametrize(
        "content",
        ["clusters: [", "- a list", "words", "clusters: {a: b}", "users: [{user: {}}]", "a: b: c\n", "\tx: 1"],
    )
    def test_what_cannot_be_read_is_refused_and_left(self, tmp_path: Path, content: str) -> None:
        file = tmp_path / "config"
        file.write_text(content)
        with pytest.raises(failures.Failure, match="nothing was changed"):
            self.merge(file)
        assert file.read_text() == content
        assert list(tmp_path.iterdir()) == [file]

    def test_bytes_that_are_no_text(self, tmp_path: Path) -> None:
        file = tmp_path / "config"
        file.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(failures.Failure, match="nothing was changed"):
            self.merge(file)

    def test_a_folder_in_its_place(self, tmp_path: Path) -> None:
        with pytest.raises(failures.Failure, match="cannot be"):
            kubeconfigs.write(tmp_path, "x")
        assert list(tmp_path.parent.glob(f".{tmp_path.name}.*")) == []

    def test_half_an_answer(self, tmp_path: Path) -> None:
        with pytest.raises(failures.Failure, match="nothing was changed"):
            kubeconfigs.merge_into(tmp_path / "config", "kind: Config", identifier=ID, now=NOW)
        assert list(tmp_path.iterdir()) == []
