"""What an order of a version installs."""

import pytest

from steward.domain import errors, versions

OFFERED = tuple(map(versions.Version.parse, ("1.37.2", "1.36.3", "1.36.1", "1.35.4")))


@pytest.mark.parametrize(
    ("text", "installed"), [("1.36", "1.36.3"), ("1.36.1", "1.36.1"), ("1.36.3", "1.36.3"), ("1.37", "1.37.2")]
)
def test_a_minor_version_is_its_newest_patch_and_a_full_one_is_itself(text: str, installed: str) -> None:
    assert str(versions.ordered(OFFERED, text)) == installed


@pytest.mark.parametrize("text", ["1.36.2", "1.34", "1", "", "v1.36.1", "1.36.1.1", "1.36.01", "latest", "9" * 500])
def test_others_are_refused_with_what_is_offered(text: str) -> None:
    with pytest.raises(errors.BadInput, match=r"Body parameter version isn't formated correctly.*1\.36") as refused:
        versions.ordered(OFFERED, text)
    assert len(refused.value.message) < 1000


def test_an_older_patch_is_not_up_to_date() -> None:
    older = versions.Version.parse("1.36.1")
    assert not versions.is_latest_patch(OFFERED, older)
    assert versions.is_latest_patch(OFFERED, versions.Version.parse("1.36.3"))
    assert versions.next_series(OFFERED, older) == ["1.37"]
