"""What each figure of FAQ retrieval is, in words."""

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "p_at_1": "Share of the answerable questions whose best entry answers.",
    "hit_at_5": "Share of these with an answer among the best five.",
    "mrr": "Mean of one over the place of the first answer, of these; an answer that is not found counts 0.",
    "map": "Mean average precision, of these: where several entries answer, all of them count.",
    "answerable_auroc": "Chance that a question with an answer has a higher confidence than one without.",
    "coverage": "Share of the answerable questions that are answered at the threshold, rightly or not.",
    "right_rate": "Share of the answerable questions that are answered rightly at the threshold.",
    "wrong_rate": "Share of wrong among the answers given; any answer to a question without one is wrong.",
}
"""By name; all are shares or means in [0, 1]."""
