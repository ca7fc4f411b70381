"""What plain methods reach on the sets that retrieval is measured on here, and what others published."""

from dataclasses import dataclass

MEASURED, BERT_FAQ = "measured here", "BERT-FAQ"

SOURCES = {
    MEASURED: "measured once on the same files, outside this command: TF-IDF, and vectors of all-MiniLM-L6-v2 as its makers "
    "publish it, compared question with question",
    BERT_FAQ: "ML-Recipes/BERT-FAQ, in its README: the best of its matching fields and ways to train, by what it was trained on",
}
"""Where figures come from, in full."""


@dataclass(frozen=True, slots=True)
class Other:
    """What another method reaches.

    Attributes:
        who: the method.
        source: a name of `SOURCES`.
    """

    who: str
    source: str
    p_at_1: float | None = None
    hit_at_5: float | None = None
    mrr: float | None = None
    map: float | None = None


STACKFAQ = (
    Other("TF-IDF, question", MEASURED, p_at_1=0.666, mrr=0.695, map=0.732),
    Other("TF-IDF, question and answer", MEASURED, p_at_1=0.715, hit_at_5=0.896),
    Other("bare MiniLM, question", MEASURED, p_at_1=0.945, map=0.962),
    Other("not trained on it, best field", BERT_FAQ, map=0.665),
    Other("trained on the FAQ alone", BERT_FAQ, map=0.778),
    Other("trained on the FAQ and such questions", BERT_FAQ, map=0.978),
)
COVID_DEEPSET = (
    Other("TF-IDF, question", MEASURED, p_at_1=0.50, mrr=0.607),
    Other("bare MiniLM, question", MEASURED, p_at_1=0.633, mrr=0.743),
)
