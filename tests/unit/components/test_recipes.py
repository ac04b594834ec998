"""What a key depends on, and what it does not."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from steward.catalogue import components as catalogue
from steward.components import recipes
from steward.domain import errors

Facts = Callable[..., catalogue.ComponentFact]


def test_version_is_derived_from_go_mod(modules: Path, recipe: recipes.Recipe) -> None:
    assert recipes.pinned_version(recipe.fact, modules) == "2.3.4"


def test_program_of_ours_has_no_version(modules: Path, recipe: recipes.Recipe) -> None:
    own = dataclasses.replace(recipe.fact, module="")
    assert recipes.pinned_version(own, modules) == recipes.OWN


def test_unpinned_module_is_refused(modules: Path, recipe: recipes.Recipe) -> None:
    with pytest.raises(errors.Unavailable, match=r"does not pin example\.org/other"):
        recipes.pinned_version(dataclasses.replace(recipe.fact, module="example.org/other"), modules)


@pytest.mark.parametrize("file", ["go.mod", "go.sum"])
def test_pins_are_part_of_the_key(recipe: recipes.Recipe, file: str) -> None:
    before = recipe.key("go1.26.8")
    with (recipe.folder / file).open("a") as stream:
        stream.write("// changed\n")
    assert recipe.key("go1.26.8") != before


def test_compiler_is_part_of_the_key_and_not_of_the_digest(recipe: recipes.Recipe) -> None:
    assert recipe.key("go1.26.8") != recipe.key("go1.26.9")
    assert recipe.digest() == recipe.digest()


@pytest.mark.parametrize("change", [{"tags": ("x",)}, {"cgo": True}, {"variables": ("a.b=c",)}])
def test_flags_are_part_of_the_key(recipe: recipes.Recipe, fact: Facts, change: dict[str, object]) -> None:
    changed = dataclasses.replace(recipe, fact=fact(**change))
    assert changed.digest() != recipe.digest()


def test_time_to_compile_is_not_part_of_the_key(recipe: recipes.Recipe) -> None:
    slower = dataclasses.replace(recipe, fact=dataclasses.replace(recipe.fact, seconds=99))
    assert slower.digest() == recipe.digest()


def test_own_sources_count_where_they_are_compiled(modules: Path, kube: catalogue.ComponentFact) -> None:
    kubernetes = recipes.Recipe(fact=kube, version="1.37.2", modules=modules)
    upstream = dataclasses.replace(
        kubernetes, fact=dataclasses.replace(kube, name="agnhost", multicall="", programs={"agnhost": "k8s.io/agnhost"})
    )
    before = kubernetes.digest(), upstream.digest()
    (modules / "kubernetes" / "main.go").write_text("package main // changed\n")
    assert kubernetes.digest() != before[0]
    assert upstream.digest() == before[1]


def test_sources_that_several_components_share_count(modules: Path, kube: catalogue.ComponentFact) -> None:
    kubernetes = recipes.Recipe(fact=kube, version="1.37.2", modules=modules)
    shared = modules / "rest" / "rest.go"
    shared.parent.mkdir()
    shared.write_text("package rest\n")
    unnamed = kubernetes.digest()
    with kubernetes.go_mod.open("a") as stream:
        stream.write("replace example.org/rest => ../rest\n")
    named = kubernetes.digest()
    shared.write_text("package rest // changed\n")
    assert len({unnamed, named, kubernetes.digest()}) == 3


def test_kubernetes_versions_differ(modules: Path, kube: catalogue.ComponentFact) -> None:
    one, other = (recipes.Recipe(fact=kube, version=each, modules=modules) for each in ("1.37.2", "1.36.3"))
    assert one.digest() != other.digest()
    assert one.variables() == ["k8s.io/v.gitVersion=v1.37.2", "k8s.io/v.gitMinor=37"]
    assert "-modfile=versions/v1.37.2.mod" in one.flags()
    assert one.files == {"kube": "."}


@pytest.mark.usefixtures("catalogued")
def test_order_is_everything_for_the_first_version_then_the_others(modules: Path) -> None:
    found = recipes.recipes(modules, ["1.37.2", "1.36.3"], with_bench=False)
    assert [(each.name, each.version) for each in found] == [
        ("shared", "2.3.4"),
        ("kube", "1.37.2"),
        ("kube", "1.36.3"),
    ]
    assert "racer" in [each.name for each in recipes.recipes(modules, ["1.37.2"], with_bench=True)]


@pytest.mark.usefixtures("catalogued")
def test_version_without_pins_is_refused_with_the_way_out(modules: Path) -> None:
    with pytest.raises(errors.Unavailable, match=r"kube 1\.30\.0 cannot be had here: .*README"):
        recipes.recipes(modules, ["1.30.0"], with_bench=False)


@pytest.mark.parametrize(
    ("text", "numbers"), [("go1.26.8", (1, 26, 8)), ("1.26", (1, 26)), ("go1.27rc2", (1, 27)), ("1.26.0", (1, 26, 0))]
)
def test_go_versions(text: str, numbers: tuple[int, ...]) -> None:
    assert recipes.parsed_go(text) == numbers


def test_the_real_catalogue_agrees_with_the_real_modules() -> None:
    modules = recipes.modules_folder()
    found = recipes.recipes(modules, ["1.37.2"], with_bench=True)
    names = " ".join(each.name for each in found)
    assert names == "etcd kube containerd runc cni pause registry coredns agnhost metrics-server kwok"
    assert all(each.needed_go >= (1, 26) for each in found)
