"""Identity: consumer keys and who one is."""

from steward.api.ovh.models import words
from steward.api.ovh.models.base import Model, Moment


class AccessRule(Model, title="auth.AccessRule"):
    method: str
    path: str


class CredentialResponse(Model, title="auth.CredentialResponse"):
    consumerKey: str
    state: words.CredentialState
    validationUrl: str


class Credential(Model, title="auth.ApiCredential"):
    credentialId: int
    applicationId: int
    status: words.CredentialState
    rules: list[AccessRule]
    allowedIPs: list[str] | None
    ovhSupport: bool
    creation: Moment
    expiration: Moment | None
    lastUse: Moment | None


class Details(Model, title="auth.Details"):
    account: str
    allowedRoutes: list[AccessRule] | None
    description: str | None
    identities: list[str]
    method: str
    roles: list[str] | None
    user: str | None
