"""Names of clusters are free text that can be read in a line."""

import pytest

from steward.domain import clusters, errors


@pytest.mark.parametrize("name", ["demo", "Shop, production (EU)", "2nd", "a", "-x-", "crème brûlée", "x" * 255, "a/b"])
def test_free_text(name: str) -> None:
    assert clusters.checked_name(name) == name


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00", "a\x1b[31m", "a\u202eb", "a\ud800", "a\tb", "x" * 256])
def test_what_cannot_be_read_in_a_line_is_refused(name: str) -> None:
    with pytest.raises(errors.BadInput, match="is invalid") as refused:
        clusters.checked_name(name)
    assert refused.value.message.isprintable()
