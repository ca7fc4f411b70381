"""Questions that a retriever learned from are judged as if it had not."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from tests.unit.faq.evaluation.outcomes import asked

from balie.faq.evaluation.queries import EvalQuery
from balie.faq.evaluation.unlearned import unlearned
from balie.faq.retrieval.judged import NOTHING, Judged, digest

KNOWN = EvalQuery("may my dog come", frozenset({"dogs"}), "en")


class Learned:
    """A retriever that learned from one question, and was 0.4 sure of it before."""

    def __init__(self) -> None:
        digests = (digest(KNOWN.text, KNOWN.entry_ids, "dogs"),)
        self.reference = Judged(np.asarray([0.4]), np.asarray([True]), np.asarray([True]), digests)


def test_what_was_learned_from_is_as_sure_as_before_and_the_rest_stays():
    learned = replace(asked(1, confidence=0.9), query=KNOWN, best="dogs")
    others = [
        replace(learned, best="cats"),
        replace(learned, query=replace(KNOWN, text="may my cat come")),
        replace(learned, query=replace(KNOWN, entry_ids=frozenset())),
    ]

    found, count = unlearned([*others, learned], cast("Any", Learned()))

    assert [one.confidence for one in found] == [0.9, 0.9, 0.9, 0.4]
    assert count == 1


def test_nothing_changes_for_one_that_learned_from_nothing():
    retriever = Learned()
    retriever.reference = NOTHING
    questions = [asked(1, confidence=0.9)]

    assert unlearned(questions, cast("Any", retriever)) == (questions, 0)


def test_what_was_asked_is_kept_of_all_questions_or_of_none():
    known = Learned().reference
    nameless = replace(known, asked=())

    assert Judged.joined([known, known]).asked == known.asked * 2
    assert Judged.joined([known, nameless]).asked == ()
    assert Judged.of(known.plain()).asked == known.asked
    assert Judged.of({name: row for name, row in known.plain().items() if name != "asked"}).asked == ()
    assert Judged.joined([known, nameless]).unlearned(known.asked) == {}
    assert known.unlearned(["", *known.asked]) == {1: pytest.approx(0.4)}
