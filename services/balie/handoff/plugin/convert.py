"""Between the domain and what a plug-in is asked."""

from datetime import datetime, timedelta

from balie.api.handoff.v1 import handoff_pb2
from balie.api.handoff.v1 import routing_plugin_service_pb2 as wire
from balie.handoff.convert import handoff_to_proto
from balie.handoff.events import span
from balie.handoff.matching import Free
from balie.handoff.plugin.choosing import Question


def question_to_proto(question: Question, *, now: datetime) -> wire.ChooseAgentRequest:
    """Returns what the plug-in is asked."""
    passed = question.handoff.passed_agent_ids
    return wire.ChooseAgentRequest(
        tenant=question.tenant,
        handoff=handoff_to_proto(question.handoff),
        candidates=[_candidate(agent, now, has_passed=agent.id in passed) for agent in question.candidates],
    )


def _candidate(agent: Free, now: datetime, *, has_passed: bool) -> wire.Candidate:
    return wire.Candidate(
        agent_id=agent.id,
        languages=agent.languages,
        skills=[handoff_pb2.Skill(name=name, level=level) for name, level in sorted(agent.skills.items())],
        load=agent.load,
        spare=agent.spare,
        idle_time=span(max(now - agent.idle_since, timedelta(0))),
        passed=has_passed,
    )
