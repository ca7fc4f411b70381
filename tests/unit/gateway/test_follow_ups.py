from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fakes.gateway_ports import understood

from balie.gateway.follow_ups import FollowUps
from balie.gateway.said import FollowUp, Keyword, Source, Verdict
from balie.kit.strict_yaml import FileMistake

LANGUAGES = ("nl", "en")
FILE: dict[str, Any] = {
    "version": 3,
    "queues_default": "service",
    "intents": {
        "greeting": {"reply": "hello"},
        "hours": {"faq_entry": "opening-hours"},
        "complaint": {"queue": "complaints"},
        "chat": {"nothing": True},
        "many": {"faq_entry": "entry-x"},
    },
    "replies": {"hello": {"nl": "Hallo!", "en": "Hello!"}},
}


def parsed(**changes: object) -> FollowUps:
    kept = {key: value for key, value in (FILE | changes).items() if value is not None}
    return FollowUps.parse(yaml.safe_dump(kept).encode(), "f.yaml", LANGUAGES)


def test_reads_the_sample_desk() -> None:
    sample = FollowUps.load(Path("services/balie/cli/waddenveer/follow_ups.yaml"), ("nl", "de", "en"))
    assert sample.default_queue_id == "service"
    assert sample.of(understood(Verdict.MATCH, "thanks")) == (
        FollowUp(Source.INTENT, "thanks", reply="thanks"),
    )


def test_a_matched_intent_leads_where_the_file_says() -> None:
    follow_ups = parsed()
    assert follow_ups.of(understood(Verdict.MATCH, "greeting", "hours")) == (
        FollowUp(Source.INTENT, "greeting", reply="hello"),
    )
    assert follow_ups.of(understood(Verdict.MATCH, "hours")) == (
        FollowUp(Source.INTENT, "hours", faq_entry_id="opening-hours"),
    )
    assert follow_ups.of(understood(Verdict.MATCH, "complaint")) == (
        FollowUp(Source.INTENT, "complaint", queue_id="complaints"),
    )
    assert follow_ups.of(understood(Verdict.MATCH, "chat")) == (FollowUp(Source.INTENT, "chat"),)
    assert follow_ups.of(understood(Verdict.MATCH, "unheard_of")) == ()


def test_intents_count_only_as_far_as_they_are_meant() -> None:
    names = ("greeting", "hours", "complaint", "chat")
    ambiguous = parsed().of(understood(Verdict.AMBIGUOUS, *names))
    assert [follow_up.name for follow_up in ambiguous] == ["greeting", "hours", "complaint"]
    assert parsed().of(understood(Verdict.NO_MATCH, *names)) == ()


def test_keywords_come_first_and_their_intents_are_looked_up() -> None:
    keywords = (
        Keyword("word-entry", faq_entry_id="dogs"),
        Keyword("word-intent", intent="complaint"),
        Keyword("word-unknown-intent", intent="unheard_of"),
        Keyword("word-value", value="WV-1042"),
    )
    assert parsed().of(understood(Verdict.MATCH, "hours", keywords=keywords)) == (
        FollowUp(Source.KEYWORD, "word-entry", faq_entry_id="dogs"),
        FollowUp(Source.KEYWORD, "word-intent", queue_id="complaints"),
        FollowUp(Source.KEYWORD, "word-unknown-intent"),
        FollowUp(Source.KEYWORD, "word-value"),
        FollowUp(Source.INTENT, "hours", faq_entry_id="opening-hours"),
    )


def test_entries_pointed_at_are_each_named_once_and_at_most_ten() -> None:
    keywords = tuple(Keyword(f"k{number}", faq_entry_id=f"e{number % 12}") for number in range(16))
    understanding = understood(Verdict.MATCH, "hours", keywords=keywords)
    assert len(parsed().of(understanding)) == 16
    assert parsed().pointed_at(understanding) == tuple(f"e{number}" for number in range(10))


def test_a_reply_is_told_in_the_nearest_language() -> None:
    follow_ups = parsed()
    assert follow_ups.reply("hello", "en-GB") == ("Hello!", "en")
    assert follow_ups.reply("hello", "fr") == ("Hallo!", "nl")
    assert follow_ups.reply("unheard_of", "nl") is None


def test_the_version_changes_with_the_content() -> None:
    first, second = parsed(), parsed(queues_default="other")
    assert first.version.startswith("3-")
    assert first.version == parsed().version != second.version


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"version": None}, "f.yaml: version: is missing"),
        ({"version": True}, "f.yaml: version: must be a number or a name"),
        ({"version": "a b"}, "f.yaml: version: must be a number or a name"),
        ({"queues_default": None}, "f.yaml: queues_default: is missing"),
        ({"queues_default": "-x"}, "f.yaml: queues_default: must be an id"),
        ({"intents": None}, "f.yaml: intents: is missing"),
        ({"intents": []}, "f.yaml: intents: must be a mapping"),
        (
            {"intents": {"a": {}}},
            "f.yaml: intents.a: must hold exactly one of faq_entry, reply, queue, nothing",
        ),
        ({"intents": {"a": {"reply": "hello", "queue": "q"}}}, "f.yaml: intents.a: must hold exactly one"),
        ({"intents": {"a": {"answer": "x"}}}, "f.yaml: intents.a: must hold exactly one"),
        ({"intents": {"a": {"nothing": False}}}, "f.yaml: intents.a.nothing: must be true"),
        ({"intents": {"a": {"queue": "two words"}}}, "f.yaml: intents.a.queue: must be an id"),
        ({"intents": {"a": {"faq_entry": 7}}}, "f.yaml: intents.a.faq_entry: must be an id"),
        ({"intents": {"a": {"reply": "bye"}}}, "f.yaml: intents.a.reply: bye is not among the replies"),
        ({"intents": {" a": {"nothing": True}}}, "f.yaml: intents. a: has space around its name"),
        ({"intents": {"a" * 129: {"nothing": True}}}, "f.yaml: intents.aaa"),
        ({"replies": {"hello": {"nl": "Hallo!"}}}, "f.yaml: replies.hello.en: is missing"),
        ({"replies": {"hello": {"nl": "", "en": "x"}}}, "f.yaml: replies.hello.nl: must be a text"),
        ({"queue_default": "service"}, "f.yaml: queue_default: is no key of this file"),
    ],
)
def test_names_file_and_key_of_a_mistake(changes: dict[str, object], mistake: str) -> None:
    with pytest.raises(FileMistake) as raised:
        parsed(**changes)
    assert str(raised.value).startswith(mistake)
