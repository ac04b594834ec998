"""Every setting, from the environment (`STEWARD_*`), with meaning, unit and the reason of its default."""

import re
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError


def _instance_name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]{0,5}", text):
        raise ValueError("1 to 6 lower-case letters and digits, beginning with a letter")
    return text


def _own_range(network: IPv4Network) -> IPv4Network:
    if network.prefixlen > 12:
        raise ValueError("at least a /12: links, registry and the nodes of every cluster are cut from it")
    return network


def _host(text: str) -> str:
    if text and not re.fullmatch(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", text):
        raise ValueError(f"a DNS name in lower case or an IPv4 address, without a port, not {text[:64]!r}")
    return text


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or (":" in host and not (host.startswith("[") and host.endswith("]"))):
        raise ValueError("an address and a port, as in 127.0.0.1:8080 or [::1]:8080")
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise ValueError(f"the port must be a number from 1 to 65535, not {port[:20]!r}")
    return text


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="STEWARD_", frozen=True)

    listen: Annotated[str, AfterValidator(_address)] = "127.0.0.1:8080"
    """Address and port of the API. Loopback, because anything else needs TLS."""

    public_url: str = ""
    """The URL that clients type, without `/1.0`; signatures are checked against it. Empty: `http(s)://<listen>`."""

    tls_certificate: Path | None = None
    """PEM file of the API's certificate; on any address but loopback steward refuses to serve without."""

    tls_key: Path | None = None
    """PEM file of its key."""

    trusted_proxies: list[IPv4Network | IPv6Network] = Field(default_factory=list)
    """Networks of the proxies in front of the API, such as `["127.0.0.1/32"]`. Only what they say in `X-Forwarded-For`
    is believed; `allowedIPs` of consumer keys are checked against it. Empty: nobody is believed."""

    state: Path = Path("/var/lib/steward")
    """Folder of everything that must outlive a reboot: database, key file, clusters' data. Mode 0700."""

    database: str = ""
    """SQLAlchemy URL without a driver (`postgresql://…`, `sqlite:///…`). Empty: SQLite in the state folder."""

    runtime: Literal["processes", "simulated"] = "processes"
    """Where clusters run. `simulated` runs nothing at all: for tests and scale figures of the management plane."""

    components: Path | None = None
    """Folder of binaries to use as they are (`<folder>/<version>/kube`, `<folder>/etcd` …); wins over all else."""

    mirror: str = ""
    """Base URL of official release files; taken with the SHA-256 that the catalogue or `digests` gives."""

    digests: Path | None = None
    """YAML file of the operator's own digests for files of the mirror: `{path: sha256}`."""

    cache: Path = Field(default_factory=lambda: Path.home() / ".cache" / "steward")
    """Folder of built components, by content; shared by all checkouts."""

    vulnerabilities: str = ""
    """Vulnerability database in OSV format that pinned components are looked up in: a folder, or the URL of a mirror,
    with `Go/all.zip` and `PyPI/all.zip`. Empty: nobody knows, and 3.1.6-2 says so."""

    contracts: Path | None = None
    """Folder of the operator's own editions of the responsibility matrix (`*.yaml`), beside those of the release."""

    instance: Annotated[str, AfterValidator(_instance_name)] = "stw"
    """Prefix of every namespace, link, cgroup and rule of this service, so that two can share a host."""

    network: Annotated[IPv4Network, AfterValidator(_own_range)] = IPv4Network("100.64.0.0/12")
    """steward's own addresses. Shared address space (RFC 6598): no customer can choose it for pods or networks."""

    cluster_host: Annotated[str, AfterValidator(_host)] = ""
    """Name or IPv4 address by which machines beyond this one reach API servers, as `url` and kubeconfigs then say.
    Empty: they answer on addresses of this machine alone. Clusters that stand take it on by themselves."""

    cluster_address: IPv4Address | None = None
    """Address of this machine at which that arrives, where `cluster_host` is a name or an address of what stands before
    it. The source of a connection must come along: restrictions by address look at it."""

    cluster_ports: int = Field(default=20000, ge=1024, le=63616)
    """First of the 1920 ports there: every cluster has one of its own."""

    upstream_dns: list[IPv4Address] = Field(default_factory=list)
    """Resolvers that clusters forward to. Empty: those of the host that are not loopback addresses."""

    image_mirrors: list[str] = Field(default_factory=list)
    """URLs of further registries that nodes try, in this order, after steward's own."""

    http_proxy: str = ""
    """Proxy that nodes use to pull images from outside; what is in the cluster or on this host goes around it."""

    overcommit_memory: float = Field(default=4.0, gt=0)
    """How often the host's memory may be promised to nodes and control planes. Idle nodes use a tenth of it."""

    overcommit_cpu: float = Field(default=16.0, gt=0)
    """How often the host's cores may be promised."""

    overcommit_disk: float = Field(default=4.0, gt=0)
    """How often the disk that the state folder is on may be promised."""

    replay_window: int = Field(default=60, ge=5, le=300)
    """Seconds that a signed request's timestamp may lie before or after now (either way)."""

    request_rate: float = Field(default=100.0, ge=0)
    """Requests per second that one credential or person may make; more are answered 429. Ten times what Terraform makes
    with its usual ten resources at once. 0: no limit."""

    request_burst: int = Field(default=1000, ge=1)
    """How many of them may come at once, after a while without any: a script that looks at each of 1000 clusters."""

    stranger_rate: float = Field(default=20.0, ge=0)
    """Requests per second from one address without a valid credential: `/auth/time`, signing in, wrong keys. Behind a
    proxy all strangers have its address: raise it there. 0: no limit."""

    stranger_burst: int = Field(default=200, ge=1)
    """How many of them may come at once: the programs of an office that begin their day."""

    audit_interval: float = Field(default=180.0, gt=0)
    """Seconds, jittered, after which an object at rest is looked at again even if nothing was reported."""

    smtp_url: SecretStr = SecretStr("")
    """Mail server for notices: `smtps://user:password@host` (TLS), or `smtp://…` (STARTTLS). Empty: no mail is sent."""

    smtp_authority: Path | None = None
    """PEM file of the authority that the mail server's certificate is from. Empty: those of this machine."""

    mail_from: str = "steward@localhost"
    """Sender of notices; set it with `smtp_url`, to an address of a domain that the mail server may send for."""

    webhook_networks: list[IPv4Network | IPv6Network] = Field(default_factory=list)
    """Networks beside the public ones that customers' webhooks, log streams and identity providers may lead to, such as
    `["10.1.0.0/16"]`; without TLS too. Empty, because customers choose the URL: whoever is reachable in there can be
    reached by them."""

    oidc_issuer: str = ""
    """Issuer of the OpenID provider that people of both parties may sign in to the console by, beside their passwords;
    its redirect address is `<public URL>/console/openid/back`. Empty: by passwords alone."""

    oidc_client_id: str = ""
    """What steward is called at the provider."""

    oidc_client_secret_file: Path | None = None
    """File with the secret that the provider gave steward. Empty: steward is a public client there, with PKCE alone."""

    oidc_name: str = "single sign-on"
    """What people call the provider, for the sign-in page."""

    oidc_authority: Path | None = None
    """PEM file of the authority that the provider's certificate is from. Empty: those of this machine."""

    oidc_second_factors: list[str] = Field(default_factory=list)
    """Values of `amr` or `acr`, such as `["otp", "hwk"]`, by which the provider says that it saw a second factor.
    Empty: steward asks for its own, of staff always, of customers' people where they have one."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Of the service's own log, on standard error."""

    @field_validator("*")
    @classmethod
    def _from_here(cls, value: object) -> object:
        """Programs of clusters run in another folder, and would look for a relative path there."""
        return value.absolute() if isinstance(value, Path) else value

    @model_validator(mode="after")
    def _has_an_entrance(self) -> Self:
        if not self.cluster_host:
            return self
        try:
            address = self.entrance_address
        except AddressValueError:
            raise ValueError(
                f"cluster_host is the name {self.cluster_host}: set cluster_address (STEWARD_CLUSTER_ADDRESS) to the "
                "address of this machine at which it arrives"
            ) from None
        if address.is_loopback or address.is_unspecified:
            raise ValueError(f"cluster_host leads to {address}: nobody beyond this machine reaches it there")
        return self

    @property
    def entrance_address(self) -> IPv4Address:
        """Where packets for API servers arrive; of settings that have a `cluster_host`."""
        return self.cluster_address or IPv4Address(self.cluster_host)

    @property
    def base_url(self) -> str:
        """What clients type before `/1.0`, without a trailing slash."""
        scheme = "https" if self.tls_certificate else "http"
        return (self.public_url or f"{scheme}://{self.listen}").rstrip("/")

    @property
    def ledger_name(self) -> str:
        """By which the ledger's checkpoints are known outside: the public host, else this service's own name."""
        return f"steward.{urlsplit(self.public_url).hostname or self.instance}"

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.state / 'steward.db'}"


class NotRight(Exception):
    """What in the environment is not right: `faults` are variables, with what is wrong about each."""

    def __init__(self, faults: Iterable[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("Settings are not right: " + "; ".join(f"{name}: {said}" for name, said in self.faults))


def read() -> Settings:
    """Those of this process's environment; `NotRight` where it cannot be read."""
    try:
        return Settings()
    except ValidationError as reason:
        raise NotRight((_variable(*each["loc"]), each["msg"]) for each in reason.errors()) from None
    except SettingsError as reason:
        named = re.search(r'field "(\w+)"', str(reason))
        raise NotRight([(_variable(named[1] if named else "*"), 'a list, written as JSON: ["one", "two"]')]) from None


def _variable(*place: int | str) -> str:
    return "_".join(["STEWARD", *map(str, place)]).upper()
