"""What can go wrong when steward is asked something.

Every function of this package raises these and nothing else; the command line turns them into exit codes.

    ClientError               an expected failure, its text is for people
    ├── Misconfigured         the address or the keys to use are missing or unreadable
    ├── Unreachable           nobody answers at the address
    └── ApiError              steward answered, and refused
"""

from collections.abc import Mapping

CREDENTIAL_CODES = frozenset({"INVALID_SIGNATURE", "QUERY_TIME_OUT"})
"""Refusals of the credential that OVHcloud's API answers with 400."""


class ClientError(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Misconfigured(ClientError):
    pass


class Unreachable(ClientError):
    pass


class ApiError(ClientError):
    """`kind` is the answer's `class`, `code` its `errorCode`, `query_id` what support asks for."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        kind: str = "",
        code: str = "",
        query_id: str = "",
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.code = code
        self.query_id = query_id
        self.details = dict(details or {})

    @property
    def not_found(self) -> bool:
        return self.status == 404

    @property
    def not_authorised(self) -> bool:
        return self.status in (401, 403) or self.code in CREDENTIAL_CODES

    @property
    def conflict(self) -> bool:
        return self.status == 409
