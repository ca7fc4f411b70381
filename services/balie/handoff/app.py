"""The composition root: opens the database, builds the service around it, sweeps and cleans up meanwhile."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from balie.api.handoff.v1 import (
    agent_service_pb2_grpc,
    calendar_service_pb2_grpc,
    canned_reply_service_pb2_grpc,
    figure_service_pb2_grpc,
    handoff_service_pb2_grpc,
    note_service_pb2_grpc,
    queue_service_pb2_grpc,
    router_service_pb2_grpc,
    suggestion_service_pb2_grpc,
)
from balie.client import channel
from balie.handoff.calendars.calendars import Calendars
from balie.handoff.calendars.service import CalendarService
from balie.handoff.canned_replies.replies import CannedReplies
from balie.handoff.canned_replies.service import CannedReplyService
from balie.handoff.chats.chats import Chats
from balie.handoff.chats.service import Commands
from balie.handoff.confirmations import FollowedConfirmations
from balie.handoff.desk import Desk
from balie.handoff.feed import Feed
from balie.handoff.figures.counting import Counting
from balie.handoff.figures.service import FigureService
from balie.handoff.journal import Journal
from balie.handoff.metrics.counted import Counted
from balie.handoff.notes.notes import Notes
from balie.handoff.notes.service import NoteService
from balie.handoff.plugin.choosing import Choosing, Wakes
from balie.handoff.plugin.clients import PluginClient
from balie.handoff.ratings.ratings import Ratings
from balie.handoff.routing.policies import Policies
from balie.handoff.routing.replay.replaying import Replay
from balie.handoff.routing.router import Router
from balie.handoff.routing.service import RouterService
from balie.handoff.service import AgentService, HandoffService
from balie.handoff.settings import HandoffSettings
from balie.handoff.staffing.queues.service import QueueService
from balie.handoff.staffing.staff import Staff
from balie.handoff.storage.sql import SqlFloor, SqlStorage, topics
from balie.handoff.suggestions.service import SuggestionService
from balie.handoff.suggestions.suggestions import Suggestions
from balie.handoff.sweeper import Sweeper
from balie.handoff.work import Shift
from balie.kit.background import running
from balie.kit.chores import Chores, Trimming
from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger
from balie.kit.server import Serving

MIGRATIONS = "balie.handoff.migrations"

_CHORES_SECONDS = 3600.0
_POLICY_SECONDS = 2.0
_FRESH = timedelta(seconds=10)


@asynccontextmanager
async def lifespan(settings: HandoffSettings) -> AsyncIterator[Serving]:
    """Runs the handoff service: handoffs go on from where the database left them."""
    policies = Policies(settings.policy)
    async with Database.open(settings.database_url, migrations=MIGRATIONS) as database:
        log = EventLog(database, poll_seconds=settings.poll_seconds)
        ledger = Ledger()
        storage = SqlStorage(database, log, ledger)
        wakes = Wakes() if settings.plugin_address else None
        journal = Journal(storage, draws=wakes.wake if wakes else None)
        feed = Feed(database, log)
        desk, staff = Desk(journal, FollowedConfirmations(storage, feed)), Staff(journal)
        chats = Chats(journal)
        notes, suggestions = Notes(journal), Suggestions(journal)
        wait = timedelta(seconds=settings.confirm_wait_seconds)
        commands = Commands(desk, chats, staff, notes, suggestions, confirm_wait=wait)
        servicers = (
            (
                router_service_pb2_grpc.add_RouterServiceServicer_to_server,
                RouterService(Router(journal, desk, policies), Replay(journal, policies)),
            ),
            (
                handoff_service_pb2_grpc.add_HandoffServiceServicer_to_server,
                HandoffService(desk, chats, commands, Ratings(journal), feed),
            ),
            (
                agent_service_pb2_grpc.add_AgentServiceServicer_to_server,
                AgentService(staff, commands, Shift(journal, feed)),
            ),
            (queue_service_pb2_grpc.add_QueueServiceServicer_to_server, QueueService(staff)),
            (
                calendar_service_pb2_grpc.add_CalendarServiceServicer_to_server,
                CalendarService(Calendars(journal)),
            ),
            (note_service_pb2_grpc.add_NoteServiceServicer_to_server, NoteService(notes)),
            (
                canned_reply_service_pb2_grpc.add_CannedReplyServiceServicer_to_server,
                CannedReplyService(CannedReplies(journal)),
            ),
            (
                suggestion_service_pb2_grpc.add_SuggestionServiceServicer_to_server,
                SuggestionService(suggestions),
            ),
            (figure_service_pb2_grpc.add_FigureServiceServicer_to_server, FigureService(Counting(journal))),
        )
        sweeper = Sweeper(journal, every_seconds=settings.sweep_seconds)
        chores = Chores(database, ledger, Trimming(log, topics, settings.keep_events))
        async with (
            _plugin(settings, journal, wakes),
            running(
                sweeper.run(),
                chores.run(every_seconds=_CHORES_SECONDS),
                policies.follow(every_seconds=_POLICY_SECONDS),
            ),
            _metrics(settings, database, journal.now),
        ):
            yield Serving(servicers, ready=database.check)


@asynccontextmanager
async def _metrics(
    settings: HandoffSettings, database: Database, now: Callable[[], datetime]
) -> AsyncIterator[None]:
    """Lets Prometheus scrape while the block lasts, when a port was given for that."""
    if not settings.metrics_port:
        yield
        return
    # Loaded only where it is asked for.
    from balie.handoff.metrics.exposition import exposed

    host = settings.listen.rpartition(":")[0].strip("[]")
    async with exposed(Counted(database, now=now, fresh=_FRESH), host, settings.metrics_port):
        yield


@asynccontextmanager
async def _plugin(
    settings: HandoffSettings, journal: Journal[SqlFloor], wakes: Wakes | None
) -> AsyncIterator[None]:
    """Lets a plug-in choose agents, when there is one."""
    if wakes is None:
        yield
        return
    async with channel(settings.plugin_address, act_as="service:handoff") as line:
        client = PluginClient(line, timeout_seconds=settings.plugin_timeout_seconds)
        async with running(Choosing(journal, client, wakes).run()):
            yield
