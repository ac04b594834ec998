"""No file names the host of a package registry: pip, Go and apt are configured by the machine."""

import pytest

from tests.paper import checkout

# In parts, or this file would name them.
HOSTS = {
    "PyPI": (("pypi", "org"), ("pythonhosted", "org"), ("pypi", "python", "org")),
    "npm": (("registry", "npmjs", "org"), ("npmjs", "com"), ("registry", "yarnpkg", "com")),
    "crates": (("crates", "io"),),
    "Maven Central": (("repo1", "maven", "org"), ("repo", "maven", "apache", "org")),
    "Go": (("proxy", "golang", "org"), ("sum", "golang", "org"), ("goproxy", "io"), ("goproxy", "cn")),
    "Debian": (("deb", "debian", "org"), ("security", "debian", "org"), ("ftp", "debian", "org")),
}


@pytest.mark.parametrize("registry", HOSTS)
def test_no_registry_is_named(registry: str) -> None:
    hosts = [".".join(parts).encode() for parts in HOSTS[registry]]
    found = [checkout.name(path) for path in checkout.files() if _names_any(path.read_bytes(), hosts)]
    assert found == []


def _names_any(content: bytes, hosts: list[bytes]) -> bool:
    return any(host in content for host in hosts)
