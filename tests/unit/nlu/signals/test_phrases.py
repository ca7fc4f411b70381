import re
from pathlib import Path

import pytest

from balie.nlu import signals
from balie.nlu.signals.alphabet import Alphabet
from balie.nlu.signals.finder import Finder
from balie.nlu.signals.phrase_book import parsed, phrase_book, phrases_of
from balie.nlu.signals.phrases import Grammar, Phrase

FILES = sorted((Path(signals.__file__).parent / "languages").glob("*.txt"))
GROUPS = {
    "to": ["to", "with"],
    "lead": ["a", "the", "one_of_your"],
    "doer": ["agents?", "human_(?:being|agent)"],
    "who": ["{lead}* {doer}", "someone"],
}


def finds(written: str, text: str) -> bool:
    alphabet = Alphabet()
    phrase = Grammar(GROUPS, alphabet, frozenset({"to", "a", "the"})).phrase(written)
    return bool(Finder({"it": [phrase]}, alphabet).found_in(alphabet.read(text)))


@pytest.mark.parametrize(
    ("written", "text", "found"),
    [
        ("speak", "i speak", True),
        ("speak", "i speaks", False),
        ("speak|talk", "i talk", True),
        ("in_touch|contact", "get in touch now", True),
        ("in_touch|contact", "get in a touch", False),
        ("speak {to} {who}", "speak with the human being", True),
        ("speak {to} {who}", "speak to agents", True),
        ("speak {to} {who}", "speak to someone", True),
        ("speak {to} {who}", "speak to nobody", False),
        ("{lead}* {doer}", "one of your agents", True),
        ("call ~please me", "call me", True),
        ("call ~please me", "call please me", True),
        ("call ~please me", "call it me", False),
        ("call * me", "call it me", True),
        ("call * me", "call me", False),
        ("call ..2 me", "call one two me", True),
        ("call ..2 me", "call me", True),
        ("call ..2 me", "call one two three me", False),
        ("call ..2 me", "call one, me", False),
        ("call me !to", "call me now", True),
        ("call me !to", "call me to order", False),
        ("[ agent", "no. agent", True),
        ("[ agent", "an agent", False),
        ("agent ]", "agent, please", True),
        ("agent ]", "agent smith", False),
        ("agent please|]", "agent please do", True),
        ("^ agent", "agent smith", True),
        ("^ agent", "no, agent", False),
        ("agent $", "an agent!!", True),
        ("agent $", "agent. smith", False),
        ("no , agent", "no - agent", True),
        ("[1-3]x", "2x", True),
        ("[1-3]x", "4x", False),
        ("live chat", "live-chat", True),
        ("noo", "noooooo", True),
    ],
)
def test_a_phrase_finds_what_its_terms_say(written: str, text: str, found: bool) -> None:
    assert finds(written, text) is found


def test_a_phrase_without_a_word_of_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match="hangs on no word"):
        finds("..2 ~please", "please")


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(KeyError):
        finds("speak {whom}", "speak")


def test_a_phrase_hangs_on_its_rarest_words() -> None:
    phrase = Grammar(GROUPS, Alphabet(), frozenset({"to", "with", "speak"})).phrase(
        "speak {to} ~please {doer}"
    )
    assert phrase.hangs_on == {"agent", "agents", "being"} or phrase.hangs_on == {"agent", "agents", "human"}


def test_words_read_as_meant_once_all_letters_are_given() -> None:
    alphabet = Alphabet()
    for word in ("let", "me", "go"):
        alphabet.letter(word)
    alphabet.respell("lemme", "let me")
    alphabet.respell("me", "go")  # a word by itself is never misspelt
    alphabet.respell("hm", "unheard of")
    assert alphabet.read("lemme go") == alphabet.read("let me go")
    assert alphabet.read("me") != alphabet.read("go")
    assert alphabet.read("hm") == alphabet.read("whatever")


def test_what_is_taken_out_leaves_a_break() -> None:
    alphabet = Alphabet()
    calm = Finder({"calm": [Grammar({}, alphabet, frozenset()).phrase("not angry")]}, alphabet)
    angry = alphabet.letter("angry")
    assert calm.taken_out_of(alphabet.read("i am not angry but angry")) == f"__,_{angry}"


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_every_phrase_of_a_file_can_be_looked_for(file: Path) -> None:
    signal, language, _ = file.name.split(".")
    for phrases in phrases_of(signal, [language], Alphabet()).values():
        assert phrases
        for phrase in phrases:
            assert isinstance(phrase, Phrase)
            assert phrase.hangs_on, phrase.pattern
            assert not re.compile(phrase.pattern).fullmatch("")


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_no_phrase_stands_in_a_file_twice(file: Path) -> None:
    signal, language, _ = file.name.split(".")
    book = phrase_book(signal, language)
    assert book is not None
    listed = [phrase for phrases in book.phrases.values() for phrase in phrases]
    assert sorted(set(listed)) == sorted(listed)


def test_there_is_a_file_for_each_signal_and_language() -> None:
    assert {file.name for file in FILES} == {
        f"{signal}.{language}.txt" for signal in ("person", "frustration") for language in ("nl", "de", "en")
    }
    assert phrase_book("person", "fr") is None


def test_a_file_is_read_by_its_sections() -> None:
    book = parsed(
        [
            "# a comment",
            "words to:",
            "    to with",
            "phrases who:",
            "    a {to}  # why",
            "",
            "find asking:",
            "    x y",
        ],
        "person.xx.txt",
    )
    assert book.groups == {"to": ["to", "with"], "who": ["a {to}"]}
    assert book.phrases == {"asking": ["x y"]}


@pytest.mark.parametrize("line", ["word to:", "words", "words to", "    adrift"])
def test_a_line_that_is_in_no_section_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=r"person.xx.txt, line 1"):
        parsed([line], "person.xx.txt")
