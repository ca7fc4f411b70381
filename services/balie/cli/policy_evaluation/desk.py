"""The desk that messages are judged on: each intent leads to an FAQ entry of its own, as an operator would set it up."""

import json
from collections.abc import Sequence

from balie.api.faq.v1 import entry_pb2, faq_service_pb2
from balie.gateway.follow_ups import FollowUps
from balie.gateway.neighbours import convert
from balie.gateway.ports import Question
from balie.gateway.said import Answers

_QUEUE = "service"


class IntentDesk:
    """A desk with one FAQ entry for each intent.

    Args:
        intents: their names.
        languages: that the desk speaks.
    """

    def __init__(self, intents: Sequence[str], languages: Sequence[str]) -> None:
        # Ids are narrower than names of intents, so entries are numbered.
        self._entries = {intent: f"entry-{number}" for number, intent in enumerate(intents, 1)}
        self._intents = {entry: intent for intent, entry in self._entries.items()}
        leads = {intent: {"faq_entry": entry} for intent, entry in self._entries.items()}
        content = json.dumps({"version": 1, "queues_default": _QUEUE, "intents": leads})
        self.follow_ups = FollowUps.parse(content.encode(), "follow-ups", languages)

    def has(self, intent: str) -> bool:
        """Returns whether the desk knows an intent."""
        return intent in self._entries

    def intent_of(self, entry_id: str) -> str:
        """Returns the intent that leads to an entry; empty when none does."""
        return self._intents.get(entry_id, "")

    def answer(self, entry_id: str, language: str) -> faq_service_pb2.SearchAnswersResponse:
        """Returns an entry as the FAQ lists one that it is asked for by name."""
        intent = self._intents[entry_id]
        found = entry_pb2.Answer(
            answer_id=f"{entry_id}@1",
            entry_id=entry_id,
            language=language,
            question=intent,
            answer=intent,
            score=1.0,
            above_threshold=True,
            source=entry_pb2.ANSWER_SOURCE_PINNED,
        )
        return faq_service_pb2.SearchAnswersResponse(answers=[found])


class EntriesByName:
    """An FAQ that has the desk's entries and finds none by itself: what is judged is what intents lead to."""

    def __init__(self, desk: IntentDesk) -> None:
        self._desk = desk

    async def search(self, question: Question) -> Answers:
        """Returns the entries that an intent points at."""
        found = faq_service_pb2.SearchAnswersResponse(
            no_answer_reason=faq_service_pb2.NO_ANSWER_REASON_BELOW_THRESHOLD
        )
        for entry_id in convert.missing_entries(question, found):
            found.MergeFrom(self._desk.answer(entry_id, question.language))
        return convert.answers_from_proto(found)

    def recall(self, wire: bytes) -> Answers:
        """Returns answers from their stored form."""
        return convert.answers_from_proto(faq_service_pb2.SearchAnswersResponse.FromString(wire))
