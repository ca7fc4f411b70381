import numpy as np

from balie.nlu.calibrating import HeldOut, Promise, calibrate
from balie.nlu.domain import ScoredIntent, Verdict
from balie.nlu.verdicts import NEVER, Thresholds, verdict_of

PROMISE = Promise()


def traffic(count: int, seed: int, *, oos: float = 0.2) -> HeldOut:
    """Scores that mean what they say, over three intents, some examples out of scope with flatter scores."""
    source = np.random.default_rng(seed)
    sureness = source.uniform(0.34, 1.0, count)
    scores = np.column_stack([sureness, (1 - sureness) * 0.8, (1 - sureness) * 0.2])
    hit = source.uniform(size=count)
    place = np.where(hit < scores[:, 0], 0, np.where(hit < scores[:, :2].sum(axis=1), 1, 2))
    out = source.uniform(size=count) < oos
    scores[out] = scores[out] * 0.5
    order = np.argsort(source.uniform(size=(count, 3)), axis=1)
    truth = np.where(out, -1, np.argmax(order == place[:, None], axis=1))
    return HeldOut(np.take_along_axis(scores, order, axis=1), truth)


def verdicts(held_out: HeldOut, thresholds: Thresholds) -> list[tuple[Verdict, bool, bool]]:
    found = []
    held_out = held_out.mapped(thresholds.scores)
    for row, truth in zip(held_out.scores, held_out.truth, strict=True):
        order = np.argsort(-row, kind="stable")
        ranked = [ScoredIntent(str(place), float(row[place])) for place in order]
        found.append((verdict_of(ranked, thresholds), order[0] == truth, truth in order[:2]))
    return found


def test_keeps_its_promises_on_traffic_it_has_not_seen() -> None:
    thresholds = calibrate(traffic(4000, 1), PROMISE)
    new = verdicts(traffic(20_000, 2), thresholds)
    matches = [right for verdict, right, _ in new if verdict is Verdict.MATCH]
    choices = [either for verdict, _, either in new if verdict is Verdict.AMBIGUOUS]
    assert len(matches) / len(new) > 0.05
    assert 1 - sum(matches) / len(matches) <= 0.06
    assert len(choices) / len(new) > 0.05
    assert 1 - sum(choices) / len(choices) <= 0.27


def test_a_looser_promise_covers_more() -> None:
    strict = calibrate(traffic(4000, 1), PROMISE)
    loose = calibrate(traffic(4000, 1), Promise(max_wrong=0.15))
    assert loose.match < strict.match
    assert loose.version != strict.version


def test_what_is_out_of_scope_counts_as_wrong() -> None:
    calm, noisy = traffic(4000, 1, oos=0.0), traffic(4000, 1, oos=0.0)
    noisy.truth[::4] = -1
    assert calibrate(noisy, Promise(max_wrong=0.3)).match > calibrate(calm, Promise(max_wrong=0.3)).match


def test_the_more_is_expected_out_of_scope_the_surer_a_match_must_be() -> None:
    found = [
        calibrate(traffic(4000, 1, oos=0.1), Promise(max_wrong=0.2, expected_out_of_scope=share)).match
        for share in (0.0, 0.3, 0.6)
    ]
    assert found == sorted(set(found))
    assert found[-1] < NEVER


def test_nothing_is_promised_about_what_no_example_shows() -> None:
    thresholds = calibrate(traffic(4000, 1, oos=0.0), Promise(max_wrong=0.2, expected_out_of_scope=0.1))
    assert (thresholds.match, thresholds.version) == (NEVER, "unproven.v1")


def test_too_few_examples_promise_nothing() -> None:
    thresholds = calibrate(traffic(20, 1), PROMISE)
    assert (thresholds.match, thresholds.floor) == (NEVER, NEVER)
    assert thresholds.version.startswith("unproven")


def test_guesses_promise_nothing() -> None:
    source = np.random.default_rng(0)
    guesses = HeldOut(source.dirichlet([1, 1, 1], 2000), source.integers(0, 3, 2000))
    assert calibrate(guesses, PROMISE).match == NEVER


def test_one_intent_beside_out_of_scope_is_calibrated_too() -> None:
    source = np.random.default_rng(0)
    truth = np.where(source.uniform(size=400) < 0.5, 0, -1)
    scores = np.where(truth == 0, 0.9, 0.1)[:, None] + source.uniform(-0.05, 0.05, (400, 1))
    thresholds = calibrate(HeldOut(scores, truth), PROMISE)
    accepted = thresholds.scores.apply(scores)[:, 0] >= thresholds.match
    assert accepted.mean() > 0.4
    assert (truth[accepted] == -1).mean() <= 0.05
