"""From pairs to a table, on a made-up language; and pairs from which nothing can be learned."""

from collections.abc import Sequence

import pytest
from tests.unit.encoders.toy import ENGLISH, MADE_UP, sentences, toy_pairs, toy_tokenizer, translated

from balie.encoders.adapting import alignment
from balie.encoders.adapting.errors import (
    PairsMissing,
    PairsNotTranslations,
    PairsSwapped,
    PairsTeachNothing,
    PairsTooMany,
)
from balie.encoders.adapting.pairs import Pairs
from balie.encoders.adapting.table_making import TableSettings, make_table
from balie.encoders.adapting.word_table import WordTable, table_text
from balie.encoders.adapting.words import add_words


def pairs_of(texts: Sequence[tuple[str, str]], language: str = "xx") -> Pairs:
    return Pairs(language, "pairs.jsonl", tuple(texts), blank=0, too_long=0)


def made(texts: Sequence[tuple[str, str]], **settings: float) -> WordTable:
    return make_table([pairs_of(texts)], toy_tokenizer(), settings=TableSettings(**settings))  # type: ignore[arg-type]


def first_partners(table: WordTable) -> dict[str, str]:
    return {word.word: word.partners[0][0] for word in table.words}


def test_learns_every_word_of_the_language():
    table = make_table([pairs_of(toy_pairs())], toy_tokenizer(), sources=["a  source\nof two lines"])

    assert first_partners(table) == {other: english for english, other in MADE_UP.items()}
    assert table.languages == {"xx": len(MADE_UP)}
    assert [word.word for word in table.words] == sorted(MADE_UP.values())
    assert table.sources == ("a source of two lines",)
    assert all(1 <= weight <= 99 for word in table.words for _english, weight in word.partners)


def test_gives_the_same_text_again():
    assert table_text(made(toy_pairs())) == table_text(made(toy_pairs()))


def test_leaves_out_abbreviations_but_not_words_that_a_text_shouts():
    day, night = MADE_UP["day"], MADE_UP["night"]
    texts = [(english, other.replace(day, day.upper())) for english, other in toy_pairs()]
    assert first_partners(made(texts)).keys() == set(MADE_UP.values()) - {day}

    texts = [(english, other.upper() if night in other else other) for english, other in toy_pairs()]
    assert night in first_partners(made(texts))


def test_learns_a_word_of_two_languages_from_both():
    shared = {"day": "kalo", "night": "mirato"}
    first = [(english, other.replace(MADE_UP["day"], "kalo")) for english, other in toy_pairs()]
    second = [
        (english, " ".join(shared.get(word, f"{word}us") for word in english.split()))
        for english, _other in toy_pairs()
    ]

    table = make_table([pairs_of(first, "xx"), pairs_of(second, "yy")], toy_tokenizer())

    assert first_partners(table)["kalo"] == "day"
    assert sum(word.word == "kalo" for word in table.words) == 1
    assert table.languages == {"xx": len(MADE_UP), "yy": len(MADE_UP)}


def test_leaves_out_rare_words_digits_marks_and_what_english_or_the_vocabulary_has():
    other = MADE_UP["house"]
    extra = [
        ("my house", f"house {other} rarum"),  # an entry of the vocabulary
        ("my zorp house", f"zorp {other}"),  # occurs on the English side
        ("my house", f"zorp 99 99a _a {other} q"),
        ("my house", "99 99a _a - q"),
    ]

    words = first_partners(made([*toy_pairs(), *extra]))

    assert set(words) == set(MADE_UP.values())
    assert "rarum" in first_partners(made([*toy_pairs(), *extra], least_occurrences=1))


def test_leaves_out_what_an_adapted_encoder_has():
    known = MADE_UP["house"]

    table = make_table([pairs_of(toy_pairs())], add_words(toy_tokenizer(), [known]))

    assert set(first_partners(table)) == set(MADE_UP.values()) - {known}


def test_keeps_few_english_words_for_each():
    assert {len(word.partners) for word in made(toy_pairs(), most_partners=1).words} == {1}
    assert {len(word.partners) for word in made(toy_pairs(), least_share=0.99).words} == {1}
    widest = made(toy_pairs(), least_share=0.0, most_partners=len(ENGLISH))
    assert min(weight for word in widest.words for _english, weight in word.partners) == 1
    wide = made(toy_pairs(), least_share=0.0, most_partners=3)
    assert {len(word.partners) for word in wide.words} == {3}
    for word in wide.words:
        weights = [weight for _english, weight in word.partners]
        assert weights == sorted(weights, reverse=True)


def test_refuses_swapped_sides():
    with pytest.raises(PairsSwapped, match=r'knows 0% of the words under "en" and 100% of those under "xx"'):
        made([(other, english) for english, other in toy_pairs()])


def test_refuses_english_on_both_sides():
    english = [" ".join(words) for words in sentences(240)]
    with pytest.raises(PairsSwapped):
        made(list(zip(english[:120], english[120:], strict=True)))
    with pytest.raises(PairsNotTranslations, match="100% have the same text on both sides"):
        made(list(zip(english, english, strict=True)))


def test_refuses_texts_that_do_not_belong_together():
    words = sentences(400)
    moved = [
        (" ".join(english), " ".join(translated(words[(place + 130) % 400])))
        for place, english in enumerate(words)
    ]

    with pytest.raises(PairsNotTranslations, match=r"only \d\d% of 200 texts fit their own English text"):
        made(moved)


def test_does_not_judge_by_a_few_pairs():
    words = sentences(60)
    moved = [
        (" ".join(english), " ".join(translated(words[(place + 17) % 60])))
        for place, english in enumerate(words)
    ]

    assert made(moved).words


def test_refuses_one_language_under_two_names():
    with pytest.raises(PairsNotTranslations, match=r"en and xx .* 240 of 240 texts are the same in yy"):
        make_table([pairs_of(toy_pairs(), "xx"), pairs_of(toy_pairs(), "yy")], toy_tokenizer())


def test_refuses_pairs_without_words():
    with pytest.raises(
        PairsMissing, match="en and xx to learn from that have words on both sides: 5, needed: at least 10"
    ):
        made([("...", "?!")] * 50 + toy_pairs(5))


def test_refuses_pairs_that_teach_nothing():
    known = add_words(toy_tokenizer(), MADE_UP.values())

    with pytest.raises(PairsTeachNothing, match="no word of xx occurs often enough"):
        make_table([pairs_of(toy_pairs())], known)


def test_refuses_more_than_fits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(alignment, "MOST_LINKS", 100)

    with pytest.raises(PairsTooMany, match="give fewer pairs"):
        made(toy_pairs())


@pytest.mark.parametrize("count", [20, 40, 80])
def test_takes_small_sets(count: int):
    table = made(toy_pairs(count))

    found = first_partners(table)
    right = sum(found.get(MADE_UP[english]) == english for english in ENGLISH)
    assert right > 0.6 * len(found)


def test_tells_how_far_it_is():
    shares: list[float] = []

    make_table([pairs_of(toy_pairs())], toy_tokenizer(), progress=lambda _step, share: shares.append(share))

    assert shares == sorted(shares)
    assert shares[-1] == 1.0
