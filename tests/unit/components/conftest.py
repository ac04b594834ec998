"""A folder of Go modules and a `go` that are only as real as these tests need."""

from collections.abc import Callable
from pathlib import Path

import pytest

from steward.catalogue import components as catalogue
from steward.components import recipes

_GO = """#!/bin/sh
case "$1" in
version) echo "go version ${FAKE_GO_VERSION:-go1.26.8} linux/amd64" ;;
list) printf 'one\\ntwo\\nthree\\n' ;;
build)
  echo "$PWD $*" >> "$FAKE_GO_LOG"
  env | grep -E '^(GO|CGO)' | sort > "$FAKE_GO_LOG.environment"
  if [ -n "$FAKE_GO_SAYS" ]; then echo "$FAKE_GO_SAYS" >&2; exit 1; fi
  echo one >&2; echo two >&2
  while [ "$1" != -o ]; do shift; done
  echo "program $3" > "$2"; chmod +x "$2" ;;
esac
"""


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    folder = tmp_path / "kube"
    for name, go_mod in {
        "shared": "module shared\n\ngo 1.26.0\n\nrequire example.org/shared v2.3.4 // indirect\n",
        "kubernetes": "module kubernetes\n",
    }.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "go.mod").write_text(go_mod)
        (folder / name / "go.sum").write_text("example.org/shared v2.3.4 h1:abc=\n")
        (folder / name / "main.go").write_text("package main\n")
    (folder / "kubernetes" / "versions").mkdir()
    for version in ("1.37.2", "1.36.3"):
        (folder / "kubernetes" / "versions" / f"v{version}.mod").write_text(f"go 1.26\nrequire k8s.io/x v{version}\n")
        (folder / "kubernetes" / "versions" / f"v{version}.sum").write_text("k8s.io/x\n")
    return folder


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log of the compilations that a fake Go on PATH was asked for."""
    folder = tmp_path / "go"
    folder.mkdir()
    (folder / "go").write_text(_GO)
    (folder / "go").chmod(0o755)
    log = tmp_path / "go.log"
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_GO_LOG", str(log))
    return log


@pytest.fixture
def no_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))


Facts = Callable[..., catalogue.ComponentFact]


@pytest.fixture
def fact() -> Facts:
    def make(**changes: object) -> catalogue.ComponentFact:
        values: dict[str, object] = {
            "name": "shared",
            "folder": "shared",
            "module": "example.org/shared",
            "programs": {"alpha": "example.org/shared/cmd/alpha", "beta": "example.org/shared/cmd/beta"},
            "seconds": 5,
            "megabytes": 1,
            **changes,
        }
        return catalogue.ComponentFact(**values)  # type: ignore[arg-type]  # a table of changes has no one type

    return make


@pytest.fixture
def kube(fact: Facts) -> catalogue.ComponentFact:
    return fact(
        name="kube",
        folder="kubernetes",
        module="k8s.io/x",
        per_version=True,
        multicall="kube",
        programs={"kubectl": ".", "kubelet": "."},
        variables=("k8s.io/v.gitVersion=v{version}", "k8s.io/v.gitMinor={minor}"),
    )


@pytest.fixture
def catalogued(
    monkeypatch: pytest.MonkeyPatch, fact: Facts, kube: catalogue.ComponentFact
) -> tuple[catalogue.ComponentFact, ...]:
    """The catalogue, replaced by one shared component, Kubernetes, and one for benchmarks."""
    facts = (fact(), kube, fact(name="racer", bench=True, programs={"racer": "example.org/shared/cmd/racer"}))
    monkeypatch.setattr(catalogue, "components", lambda: facts)
    return facts


@pytest.fixture
def recipe(modules: Path, fact: Facts) -> recipes.Recipe:
    return recipes.Recipe(fact=fact(), version="2.3.4", modules=modules)
