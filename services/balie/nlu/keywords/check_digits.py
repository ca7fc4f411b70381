"""Check digits: what tells a number that was copied right from one with a digit wrong or two swapped.

A scheme looks at a whole number, its check digits included, and says whether they fit. What is no letter or digit was left
out before.
"""

from collections.abc import Callable, Mapping

_BASE_36 = {character: place for place, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}


def luhn(number: str) -> bool:
    """Tells whether the last digit fits; used by payment cards, IMEI and many customer numbers.

    Source: ISO/IEC 7812-1:2017, annex B.
    """
    if not _is_digits(number):
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def ean13(number: str) -> bool:
    """Tells whether the last of 13 digits fits; on the bar codes of articles, and on books as ISBN-13.

    Source: GS1 General Specifications 24.0, section 7.9.
    """
    if len(number) != 13 or not _is_digits(number):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(number)) % 10 == 0


def mod11(number: str) -> bool:
    """Tells whether the last digit fits with weights 2 to 7 from the right, over and over; a number that needs 10 is never given.

    Source: the "Modulus 11" of Nordic bank and order numbers; Salomon 1996, Data Privacy and Security, section 2.11.
    """
    if not _is_digits(number):
        return False
    weights = (2 + place % 6 for place in range(len(number)))
    weighted = sum(int(digit) * weight for digit, weight in zip(reversed(number[:-1]), weights, strict=False))
    return (weighted + int(number[-1])) % 11 == 0


def elfproef(number: str) -> bool:
    """Tells whether a Dutch number of 9 digits passes the "elfproef" as citizen service numbers (BSN) do; of 8, with a 0 before.

    Weights fall from 9 to 2, and the last is -1.

    Source: Logisch Ontwerp GBA 3.14, section II.2.3 (BSN).
    """
    if not 8 <= len(number) <= 9 or not _is_digits(number) or not int(number):
        return False
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(int(digit) * weight for digit, weight in zip(number.zfill(9), weights, strict=True)) % 11 == 0


def mod11_2(number: str) -> bool:
    """Tells whether the last character, a digit or X, fits; used by ISNI and ORCID.

    Source: ISO/IEC 7064:2003, MOD 11-2.
    """
    body, check = number[:-1], number[-1:].upper()
    if not _is_digits(body) or not (check == "X" or _is_digits(check)):
        return False
    product = 0
    for digit in body:
        product = (product + int(digit)) * 2 % 11
    return (product + (10 if check == "X" else int(check))) % 11 == 1


def mod97_10(number: str) -> bool:
    """Tells whether the last two digits fit; letters count as 10 to 35. An IBAN's first four characters go last before.

    Source: ISO/IEC 7064:2003, MOD 97-10.
    """
    values = [_BASE_36.get(character.upper()) for character in number]
    if len(values) < 3 or not _is_digits(number[-2:]):
        return False
    rest = 0
    for value in values:
        if value is None:
            return False
        rest = (rest * (100 if value > 9 else 10) + value) % 97
    return rest == 1


def iban(number: str) -> bool:
    """Tells whether the check digits of an international bank account number fit; lengths by country are not looked at.

    Source: ISO 13616-1:2020, section 6.
    """
    has_form = 15 <= len(number) <= 34 and number[:2].isalpha() and _is_digits(number[2:4])
    return has_form and mod97_10(number[4:] + number[:4])


SCHEMES: Mapping[str, Callable[[str], bool]] = {
    scheme.__name__: scheme for scheme in (ean13, elfproef, iban, luhn, mod11, mod11_2, mod97_10)
}
"""Every scheme by the name that a pattern gives."""


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
