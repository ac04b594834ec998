"""What can be refused, and why.

Every layer above raises these; the edge turns them into the wire's shape. Each carries a code, a
sentence for the person, and whose turn it is. The tree:

    Refusal                     an expected refusal, never a bug
    ├── BadInput        400     the request itself is wrong
    ├── Unauthenticated 401     nobody is named
    ├── Forbidden       403     somebody is named and may not
    ├── NotFound        404     it is not there, or it is not yours: the same answer
    ├── Conflict        409     right request, wrong moment
    ├── QuotaExceeded   412     more than the customer's quota
    ├── TooLarge        413     the body is larger than any request of ours
    ├── TooManyRequests 429     more often than one may ask
    └── Unavailable     503     the provider cannot do it now (host full, storage read-only)
"""

from collections.abc import Mapping

NAMELESS = "-"  # of a refusal that reads as one of OVHcloud's backend, and has no name there
CUSTOMER = "customer"
PROVIDER = "provider"


class Refusal(Exception):
    """An expected refusal.

    `name` becomes the `[NameError]` prefix of OVHcloud's backend messages, `code` its `errorCode`.
    `whose_turn` is the party that can change the outcome.
    """

    status = 500
    kind = "Server::InternalServerError"
    code = "INTERNAL_SERVER_ERROR"
    whose_turn = PROVIDER

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        name: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.name = name
        self.details = dict(details or {})
        if code is not None:
            self.code = code


class BadInput(Refusal):
    status = 400
    kind = "Client::BadRequest"
    code = "BAD_REQUEST"
    whose_turn = CUSTOMER


class Unauthenticated(Refusal):
    status = 401
    kind = "Client::Unauthorized"
    code = "NOT_CREDENTIAL"
    whose_turn = CUSTOMER


class Forbidden(Refusal):
    status = 403
    kind = "Client::Forbidden"
    code = "FORBIDDEN"
    whose_turn = CUSTOMER


class NotFound(Refusal):
    status = 404
    kind = "Client::NotFound"
    code = "NOT_FOUND"
    whose_turn = CUSTOMER


class Conflict(Refusal):
    status = 409
    kind = "Client::Conflict"
    code = "CONFLICT"
    whose_turn = CUSTOMER


class QuotaExceeded(Refusal):
    status = 412
    kind = "Client::PreconditionFailed"
    code = "QUOTA_EXCEEDED"
    whose_turn = CUSTOMER


class TooLarge(Refusal):
    status = 413
    kind = "Client::PayloadTooLarge"
    code = "PAYLOAD_TOO_LARGE"
    whose_turn = CUSTOMER


class TooManyRequests(Refusal):
    """`after` is in how many seconds the same request may come again."""

    status = 429
    kind = "Client::TooManyRequests"
    code = "TOO_MANY_REQUESTS"
    whose_turn = CUSTOMER

    def __init__(self, message: str, *, after: int) -> None:
        super().__init__(f"{message}; try again in {after} s", details={"retryAfter": str(after)})
        self.after = after


class Unavailable(Refusal):
    status = 503
    kind = "Server::ServiceUnavailable"
    code = "SERVICE_UNAVAILABLE"
    whose_turn = PROVIDER
