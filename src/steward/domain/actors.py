"""Who asks: always of exactly one party."""

from dataclasses import dataclass

from steward.domain import errors, projects


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A customer's credential, a person of the provider, or automation of the provider."""

    name: str
    party: str
    account: projects.AccountId | None = None  # of a customer's credential

    @property
    def of_provider(self) -> bool:
        return self.party == errors.PROVIDER


def customer(account: projects.AccountId) -> Actor:
    return Actor(name=account, party=errors.CUSTOMER, account=account)


OPERATOR = Actor(name="operator", party=errors.PROVIDER)
AUTOMATION = Actor(name="automation", party=errors.PROVIDER)
