"""Where steward answers and which keys to use: environment, then the demo's file, then go-ovh's file.

The command line asks once per run. Values are only read here; whether they are enough for a call is
decided by `connection`.
"""

import configparser
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from steward.client import errors

DEFAULT_ENDPOINT = "http://127.0.0.1:8080/1.0"
DEFAULT_STATE = "/var/lib/steward"
DEMO_FILE = Path(".steward/demo.env")
BRANCHES = ("/1.0", "/v1")

_OF_INI = {
    "OVH_APPLICATION_KEY": "application_key",
    "OVH_APPLICATION_SECRET": "application_secret",
    "OVH_CONSUMER_KEY": "consumer_key",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Whoever has a `customer_token` acts as that person and does not sign. `token_file` is where the service keeps the
    first operator's token; it need not exist."""

    endpoint: str = DEFAULT_ENDPOINT
    application_key: str = ""
    application_secret: str = field(default="", repr=False)
    consumer_key: str = field(default="", repr=False)
    project: str = ""
    customer_token: str = field(default="", repr=False)
    provider_token: str = field(default="", repr=False)
    token_file: Path = Path(DEFAULT_STATE) / "operator.token"

    @property
    def base(self) -> str:
        """The server's address without the branch of OVHcloud's API."""
        for branch in BRANCHES:
            if self.endpoint.endswith(branch):
                return self.endpoint.removesuffix(branch)
        return self.endpoint

    @property
    def loopback(self) -> bool:
        host = urlsplit(self.endpoint).hostname or ""
        return host in ("localhost", "::1") or host.startswith("127.")

    @property
    def encrypted(self) -> bool:
        return urlsplit(self.endpoint).scheme == "https"


def load(*, environ: Mapping[str, str], folder: Path, home: Path) -> Configuration:
    """A value of the environment wins over the file's; the file that STEWARD_ENV names must be there."""
    file = _shell_file(environ, folder)
    near = {**file, **{key: value for key, value in environ.items() if value}}
    values = {**_ini_file(home / ".ovh.conf", near.get("OVH_ENDPOINT", "")), **near}
    return Configuration(
        endpoint=_checked_endpoint(values.get("OVH_ENDPOINT") or DEFAULT_ENDPOINT),
        application_key=values.get("OVH_APPLICATION_KEY", ""),
        application_secret=values.get("OVH_APPLICATION_SECRET", ""),
        consumer_key=values.get("OVH_CONSUMER_KEY", ""),
        project=values.get("OVH_CLOUD_PROJECT_SERVICE", ""),
        customer_token=values.get("STEWARD_CUSTOMER_TOKEN", ""),
        provider_token=values.get("STEWARD_PROVIDER_TOKEN", ""),
        token_file=folder / values.get("STEWARD_STATE", DEFAULT_STATE) / "operator.token",
    )


def provider_token(configuration: Configuration) -> str:
    """The provider's token, from the environment or from the service's state folder."""
    if configuration.provider_token:
        return configuration.provider_token
    try:
        return configuration.token_file.read_text().strip()
    except OSError as error:
        raise errors.Misconfigured(
            f"This needs the provider's token, and {configuration.token_file} cannot be read "
            f"({error.strerror}). The first `steward serve` makes that file, readable by its own user. Run this as "
            "that user, name the folder in STEWARD_STATE, or give the token in STEWARD_PROVIDER_TOKEN."
        ) from None


def parse_shell(text: str, *, source: str = "the file") -> dict[str, str]:
    """Lines of `KEY=value` as a shell would read them, `export` and quotes included; nothing is expanded."""
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise errors.Misconfigured(f"Line {number} of {source} is not KEY=value: {error}") from None
        for word in words[1:] if words[:1] == ["export"] else words:
            key, equals, value = word.partition("=")
            if not equals or not key.isidentifier():
                raise errors.Misconfigured(f"Line {number} of {source} is not KEY=value")
            values[key] = value
    return values


def _shell_file(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    named = environ.get("STEWARD_ENV", "")
    path = folder / (Path(named).expanduser() if named else DEMO_FILE)
    if not named and not path.is_file():
        return {}
    try:
        return parse_shell(path.read_text(), source=str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = f"STEWARD_ENV names {path}, which" if named else str(path)
        raise errors.Misconfigured(f"{reason} cannot be read: {error}") from None


def _ini_file(path: Path, endpoint: str) -> dict[str, str]:
    """As go-ovh reads it: the endpoint's name in `[default]`, its keys in the section of that name."""
    if not path.is_file():
        return {}
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(), source=str(path))
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise errors.Misconfigured(f"{path} cannot be read: {error}") from None
    own = parser.get("default", "endpoint", fallback="")
    chosen = endpoint or own
    # OVHcloud's own endpoints stand in this file under a name; they are no concern of ours.
    if "://" not in chosen:
        return {}
    values = {"OVH_ENDPOINT": chosen}
    for key, option in _OF_INI.items():
        values[key] = parser.get(chosen, option, fallback="")
    values["OVH_CLOUD_PROJECT_SERVICE"] = parser.get("ovh-cli", "default_cloud_project", fallback="")
    return values


def _checked_endpoint(text: str) -> str:
    address = urlsplit(text)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise errors.Misconfigured(
            f"OVH_ENDPOINT is {text!r}, which is not a URL. steward needs the address of a steward service, such as "
            f"{DEFAULT_ENDPOINT}; the names of OVHcloud's own endpoints lead to OVHcloud."
        )
    trimmed = text.rstrip("/")
    return trimmed if trimmed.endswith(BRANCHES) else f"{trimmed}/1.0"
