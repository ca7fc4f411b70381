"""A recorded decision as it is sent and saved: what comes back is what went out."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.handoff.routing.test_decides import everything

from balie.api.handoff.v1 import router_service_pb2
from balie.handoff.routing.decisions import Recorded
from balie.handoff.routing.history import History
from balie.handoff.routing.policy import Policy
from balie.handoff.routing.replay import convert as recorded
from balie.handoff.routing.turns import Decision, Inputs
from balie.kit.errors import FieldRequired, InvalidRequest

POLICY = Policy.default()
NOON = datetime(2025, 5, 1, 12, tzinfo=UTC)

histories = st.builds(
    History,
    st.integers(0, 3),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 9),
    st.lists(st.sampled_from(["fare", "dog"]), max_size=3).map(tuple),
    st.lists(st.integers(0, 9999), max_size=5).map(tuple),
    st.none() | st.integers(0, 9999),
)


def of(inputs: Inputs) -> Recorded:
    known = replace(inputs, at=NOON, channel="web", language="nl", contact={"tier": "gold"}, attachments=1)
    ruling = replace(POLICY.route(known), priority=0)
    return Recorded(Decision("d", "turn-1", ruling, "", POLICY.version, NOON), "talk", known)


@given(everything, histories)
def test_comes_back_as_it_went_out(inputs: Inputs, history: History) -> None:
    made = of(replace(inputs, history=history))
    sent = recorded.recorded_to_proto(made)
    saved = json_format.Parse(json_format.MessageToJson(sent), router_service_pb2.RecordedTurn())
    assert saved == sent
    back = recorded.recorded_from_proto(saved)
    assert replace(back.decision, ruling=made.decision.ruling) == made.decision
    assert recorded.recorded_to_proto(back) == sent
    assert POLICY.route(back.inputs).kind is made.decision.ruling.kind


def test_a_record_that_is_none_is_refused() -> None:
    with pytest.raises(FieldRequired):
        recorded.recorded_from_proto(router_service_pb2.RecordedTurn())
    sent = recorded.recorded_to_proto(of(Inputs("desk")))
    sent.memory.failed_in_a_row = -1
    with pytest.raises(InvalidRequest):
        recorded.recorded_from_proto(sent)
