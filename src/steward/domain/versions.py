"""Kubernetes versions: which can be ordered, which follows which."""

from dataclasses import dataclass

from steward.domain import errors


@dataclass(frozen=True, slots=True, order=True)
class Version:
    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> "Version":
        parts = text.removeprefix("v").split(".")
        if len(parts) != 3 or not all(part.isdigit() for part in parts):
            raise errors.BadInput(f"{text!r} is not a Kubernetes version of the form 1.37.2")
        return cls(*(int(part) for part in parts))

    @property
    def series(self) -> str:
        """The minor version that an order names, as in `1.37`."""
        return f"{self.major}.{self.minor}"

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def newest(offered: tuple[Version, ...]) -> Version:
    return max(offered)


def latest_of(offered: tuple[Version, ...], series: str) -> Version:
    """The newest patch of a minor version; what an order of `1.36` installs."""
    of_series = [each for each in offered if each.series == series]
    if not of_series:
        known = ", ".join(sorted({each.series for each in offered}, key=lambda s: int(s.split(".")[1])))
        raise errors.BadInput(
            f"Body parameter version isn't formated correctly: {series!r} is not offered here; offered are {known}"
        )
    return max(of_series)


def ordered(offered: tuple[Version, ...], text: str) -> Version:
    """What an order of `1.36` installs, or of `1.36.1`, which is beyond OVHcloud's enum and must be offered."""
    if text.count(".") < 2:
        return latest_of(offered, text)
    found = next((each for each in offered if str(each) == text), None)
    if found is None:
        known = ", ".join(str(each) for each in sorted(offered))
        raise errors.BadInput(
            f"Body parameter version isn't formated correctly: {text[:64]!r} is not offered here; offered are {known}"
        )
    return found


def next_series(offered: tuple[Version, ...], current: Version) -> list[str]:
    """The minor versions that one may go to from here: the next one, if it is offered."""
    following = f"{current.major}.{current.minor + 1}"
    return [following] if any(each.series == following for each in offered) else []


def is_latest_patch(offered: tuple[Version, ...], current: Version) -> bool:
    return not any(each.series == current.series and each > current for each in offered)
