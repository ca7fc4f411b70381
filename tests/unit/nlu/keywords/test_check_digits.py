"""Numbers that are public examples: of the standards, of textbooks and of articles."""

import pytest

from balie.nlu.keywords.check_digits import SCHEMES

RIGHT = [
    ("luhn", "79927398713"),
    ("luhn", "4111111111111111"),
    ("luhn", "490154203237518"),
    ("ean13", "4006381333931"),
    ("ean13", "9780306406157"),
    ("mod11", "12345678903"),
    ("elfproef", "111222333"),
    ("elfproef", "123456782"),
    ("elfproef", "10000008"),
    ("mod11_2", "079X"),
    ("mod11_2", "0000000218250097"),
    ("mod97_10", "79444"),
    ("mod97_10", "3214282912345698765432161182"),
    ("iban", "GB82WEST12345698765432"),
    ("iban", "NL91ABNA0417164300"),
    ("iban", "DE89370400440532013000"),
]


@pytest.mark.parametrize(("scheme", "number"), RIGHT)
def test_takes_numbers_whose_check_digits_are_right(scheme: str, number: str) -> None:
    assert SCHEMES[scheme](number)


@pytest.mark.parametrize(("scheme", "number"), RIGHT)
def test_refuses_them_with_any_one_digit_wrong(scheme: str, number: str) -> None:
    for place, digit in enumerate(number):
        if digit.isdigit():
            wrong = number[:place] + str((int(digit) + 1) % 10) + number[place + 1 :]
            assert not SCHEMES[scheme](wrong), wrong


@pytest.mark.parametrize(("scheme", "number"), [pair for pair in RIGHT if pair[0] not in ("luhn", "ean13")])
def test_refuses_them_with_two_neighbours_swapped(scheme: str, number: str) -> None:
    for place in range(len(number) - 1):
        one, other = number[place], number[place + 1]
        if one != other and one.isdigit() and other.isdigit():
            swapped = number[:place] + other + one + number[place + 2 :]
            assert not SCHEMES[scheme](swapped), swapped


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
@pytest.mark.parametrize("number", ["", "x", "-", "12a4", "١٢٣٤", "²³", "000000000", "é" * 20])
def test_takes_nothing_that_is_no_number(scheme: str, number: str) -> None:
    taken = SCHEMES[scheme](number)
    assert taken is (number == "000000000" and scheme in ("luhn", "mod11"))
