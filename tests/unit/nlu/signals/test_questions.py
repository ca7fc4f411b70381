import pytest

from balie.nlu.signals import SignalReader

READER = SignalReader(("nl", "de", "en"))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Where is my dog? And where is my cat?", 2),
        ("what??!", 1),
        ("see https://example.com/?a=b&c=d for more", 0),
        ("is it (really?)", 1),
        ("はい？いいえ？", 2),
        ("هل هذا صحيح؟", 1),
        ("hoe laat vertrekt de boot", 1),
        ("nur die hinfahrt, was kostet das", 1),
        ("where is my dog. when we left it was there", 1),
        ("where is my dog. when do we leave", 2),
        ("I ordered it last week. Where is it. Can you help?", 2),
        ("mijn fiets is stuk.", 0),
        ("thanks!", 0),
        ("", 0),
        ("?", 1),
    ],
)
def test_counts_questions_with_and_without_marks(text: str, count: int) -> None:
    assert READER.count_questions(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "is the boat late",
        "I'd like to know how long it takes",
        "please tell me where it is",
        "heb ik een wekker",
        "ik wil graag weten hoe laat de boot gaat",
        "kan mijn hond mee",
        "brauche ich einen Regenschirm",
        "ich möchte wissen, wann das Schiff fährt",
        "gibt es WLAN an Bord",
    ],
)
def test_counts_what_is_asked_without_a_mark(text: str) -> None:
    assert READER.count_questions(text) == 1


@pytest.mark.parametrize(
    "text",
    [
        "what does it cost and how long does it take",
        "what does it cost and how long does it take?",
        "can I change it and can I get a refund?",
        "hoe laat gaat de boot en wat kost het",
        "kan de hond mee en mag ik een fiets meenemen?",
        "wann fährt das Schiff und was kostet es",
    ],
)
def test_a_question_that_and_adds_counts(text: str) -> None:
    assert READER.count_questions(text) == 2


@pytest.mark.parametrize(
    "text",
    [
        "how and when do I pay",
        "do I want tea or do I want coffee",
        "I lost my card, which was new",
        "if I come too late I lose it",
        "als ik te laat kom gaat hij weg",
        "mijn tas, die ik kwijt ben, is rood",
        "wenn ich zu spät komme fährt es ohne mich",
        "hallo ich bin zu spät",
    ],
)
def test_a_clause_that_only_looks_like_a_question_does_not_add_one(text: str) -> None:
    assert READER.count_questions(text) <= 1


@pytest.mark.parametrize(
    "text", ["I lost my card, which was new", "als ik te laat kom gaat hij weg", "hallo ich bin da"]
)
def test_a_statement_is_no_question(text: str) -> None:
    assert READER.count_questions(text) == 0


def test_of_other_languages_marks_count() -> None:
    assert SignalReader(("fr",)).count_questions("où est mon chien ? et mon chat ?") == 2


def test_counts_characters_as_code_points() -> None:
    assert READER.read("😀é").character_count == 2
    assert READER.read("> quoted\nyes").character_count == 12
