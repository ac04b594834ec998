"""How an API server is told of an identity provider, and what it needs to reach it.

Called by `control_planes`. Flags carry every field but more than one claim for groups; a configuration file carries
those, but takes every algorithm that the provider's keys have. The domain refuses what needs both.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from steward.domain import openidconnects, versions
from steward.runtimes.processes import links, places

HTTPS = 443
_STABLE_SINCE = versions.Version(1, 34, 0)  # of the configuration file's format


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Of this host: who answers names, and which inner networks customers may have control planes connect to."""

    resolvers: Sequence[IPv4Address] = ()
    allowed: Sequence[IPv4Network] = ()

    def outlet(self, wanted: openidconnects.OpenIdConnect | None) -> links.Outlet | None:
        if wanted is None:
            return None
        ports = {HTTPS, urlsplit(wanted.issuer_url).port or HTTPS}
        return links.Outlet(ports=tuple(sorted(ports)), resolvers=tuple(self.resolvers), allowed=tuple(self.allowed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One configuration, with files of its own: those of the API server before it stay as they are."""

    wanted: openidconnects.OpenIdConnect
    version: versions.Version
    folder: Path
    surroundings: Surroundings

    @property
    def flags(self) -> list[str]:
        wanted = self.wanted
        if len(wanted.groups_claim) > 1:
            return [f"--authentication-config={self._configuration}"]
        given = {
            "issuer-url": wanted.issuer_url,
            "client-id": wanted.client_id,
            "username-claim": wanted.username_claim,
            "username-prefix": wanted.username_prefix,
            "groups-claim": next(iter(wanted.groups_claim), None),
            "groups-prefix": wanted.groups_prefix,
            "signing-algs": ",".join(wanted.signing_algorithms),
            "ca-file": str(self._authority) if wanted.authority else None,
        }
        flags = [f"--oidc-{name}={value}" for name, value in given.items() if value]
        # The value is a list of pairs for the program, in which a comma would begin the next one.
        return flags + [f"--oidc-required-claim={each}" for each in wanted.required_claim]

    @property
    def binds(self) -> list[list[str]]:
        """A resolv.conf of its own: the host's may name a resolver that only the host reaches."""
        return [[str(self._names), "/etc/resolv.conf"]] if self.surroundings.resolvers else []

    def prepare(self) -> None:
        places.write_private(self._authority, self.wanted.pem)
        places.write_private(self._configuration, yaml.safe_dump(self.document(), sort_keys=False))
        lines = [f"nameserver {each}\n" for each in self.surroundings.resolvers]
        places.write_private(self._names, "".join(lines), mode=0o644)

    def document(self) -> dict[str, Any]:
        """The same as a configuration file."""
        wanted = self.wanted
        stable = self.version >= _STABLE_SINCE
        claim = wanted.username_claim or "sub"
        prefix = wanted.username_prefix
        if prefix is None:
            prefix = "" if claim == openidconnects.EMAIL else f"{wanted.issuer_url}#"
        issuer = {"url": wanted.issuer_url, "audiences": [wanted.client_id]}
        if wanted.authority:
            issuer["certificateAuthority"] = wanted.pem
        required = [each.partition("=") for each in wanted.required_claim]
        return {
            "apiVersion": f"apiserver.config.k8s.io/{'v1' if stable else 'v1beta1'}",
            "kind": "AuthenticationConfiguration",
            "jwt": [
                {
                    "issuer": issuer,
                    "claimValidationRules": [{"claim": key, "requiredValue": value} for key, _, value in required],
                    "claimMappings": {
                        "username": {"claim": claim, "prefix": "" if prefix == "-" else prefix},
                        "groups": {"expression": _groups(wanted)},
                    },
                }
            ],
        }

    @property
    def _stem(self) -> str:
        return hashlib.sha256(repr((self.wanted, self.surroundings)).encode()).hexdigest()[:16]

    @property
    def _authority(self) -> Path:
        return self.folder / f"{self._stem}.crt"

    @property
    def _configuration(self) -> Path:
        return self.folder / f"{self._stem}.yaml"

    @property
    def _names(self) -> Path:
        return self.folder / f"{self._stem}.resolv.conf"


def _groups(wanted: openidconnects.OpenIdConnect) -> str:
    """CEL: the groups of all claims that a token has; each of them a text or a list of texts."""
    prefix = "" if wanted.groups_prefix in (None, "-") else wanted.groups_prefix
    parts = []
    for each in wanted.groups_claim:
        name = json.dumps(each)
        found = f"claims[{name}]"
        # A claim's own type is `any`, of which the API server's compiler allows no comprehension; and its claims are a
        # map that knows no `in`.
        listed = f"(type({found}) == string ? [string({found})] : dyn({found}).map(each, string(each)))"
        parts.append(f"(claims[?{name}].hasValue() ? {listed} : [])")
    return f"({' + '.join(parts)}).map(each, {json.dumps(prefix)} + each)"
