"""Which language an answer is given in."""

import pytest

from balie.faq.knowledge.domain import EntryText
from balie.faq.retrieval.search import in_language


def texts(*languages: str) -> list[EntryText]:
    return [EntryText(language, "q", (), f"in {language}") for language in languages]


@pytest.mark.parametrize(
    ("has", "asked", "order", "given"),
    [
        (("en", "nl"), "nl", ("en", "nl"), "nl"),
        (("en", "nl"), "", ("nl", "en"), "nl"),
        (("en",), "nl", ("nl", "de", "en"), "en"),
        (("de", "en"), "fr", ("nl", "en", "de"), "en"),
        (("nl", "de"), "nl-BE", ("de", "nl"), "nl"),
        (("nl", "nl-BE"), "nl-BE", ("nl", "nl-BE"), "nl-BE"),
        (("zh-Hant", "en"), "zh-Hant-TW", ("en", "zh-Hant"), "zh-Hant"),
        (("nl", "de"), "NL", ("de", "nl"), "nl"),
        (("pt-BR", "en"), "pt-br", ("en", "pt-BR"), "pt-BR"),
        (("pt-BR", "en"), "pt", ("en", "pt-BR"), "en"),
        (("fy",), "nl", ("nl", "de"), "fy"),
    ],
)
def test_gives_the_language_asked_for_or_the_first_there_is(
    has: tuple[str, ...], asked: str, order: tuple[str, ...], given: str
) -> None:
    found, _ = in_language(texts(*has), asked, order)
    assert found.language == given


@pytest.mark.parametrize(
    ("has", "asked", "stands_in"),
    [
        (("en", "nl"), "nl", False),
        (("en", "nl"), "NL", False),
        (("nl", "de"), "nl-BE", False),
        (("en",), "nl", True),
        (("nl-BE",), "nl", True),
        (("en",), "", False),
    ],
)
def test_tells_a_language_that_stands_in_for_another(
    has: tuple[str, ...], asked: str, *, stands_in: bool
) -> None:
    assert in_language(texts(*has), asked, ("nl", "en"))[1] is stands_in
