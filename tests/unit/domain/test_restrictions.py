"""Blocks as customers write them, and the networks that they mean."""

import pytest

from steward.domain import errors, restrictions


@pytest.mark.parametrize("block", ["203.0.113.7", "203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32", "::1", "::/0"])
def test_what_is_a_block_stays_as_it_was_written(block: str) -> None:
    assert restrictions.folded([block]) == (block,)


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "office", "203.0.113.0/33", "203.0.113.7/24", "203.0.113.0/255.255.255.0", "203.0.113", "::1%eth0"),
        *(
            "2001:db8::1/32",
            " 203.0.113.7",
            "203.0.113.7/",
            "203.0.113.0/24,198.51.100.0/24",
            "010.0.0.1",
            "\u0661.1.1.1",
        ),
        *("203.0.113.0/-1", "203.0.113.0/24/24", "9" * 500),
    ],
)
def test_what_is_none_is_refused_in_ovhclouds_words(text: str) -> None:
    with pytest.raises(errors.BadInput, match=r"\[ips\] Given data \(.*\) is not valid for type ipBlock"):
        restrictions.folded([text])


def test_what_means_the_same_is_there_once() -> None:
    given = ["203.0.113.7", "203.0.113.7/32", "2001:DB8::/32", "2001:db8::/32", "203.0.113.7"]
    assert restrictions.folded(given) == ("203.0.113.7", "2001:DB8::/32")


def test_a_list_has_an_end() -> None:
    many = [f"10.{number >> 8}.{number & 255}.0/24" for number in range(restrictions.MOST + 1)]
    assert len(restrictions.folded([*many[:-1], *many[:-1]])) == restrictions.MOST
    with pytest.raises(errors.BadInput, match="join neighbouring ones"):
        restrictions.folded(many)


def test_one_is_taken_away_however_it_is_written() -> None:
    blocks = ("203.0.113.7", "2001:db8::/32")
    assert restrictions.without(blocks, "203.0.113.7/32") == ("2001:db8::/32",)
    assert restrictions.without(blocks, "2001:0DB8::/32") == ("203.0.113.7",)
    assert restrictions.without(blocks, "203.0.113.0/24") is None


def test_lists_that_let_in_the_same_are_equal() -> None:
    one = restrictions.admitted(["10.0.0.0/25", "10.0.0.128/25", "10.0.0.7"])
    assert one == restrictions.admitted(["10.0.0.0/24"])
    assert one != restrictions.admitted(["10.0.0.0/24", "2001:db8::/32"])
