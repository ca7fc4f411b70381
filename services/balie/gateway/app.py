"""Builds the gateway, in order, and closes it in reverse."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import grpc

from balie.api.gateway.v1 import conversation_service_pb2_grpc
from balie.client import channel
from balie.gateway.conversations import Conversations
from balie.gateway.events import ProtoCodec
from balie.gateway.follow_ups import FollowUps
from balie.gateway.follower import Followers
from balie.gateway.handoff_book import HandoffBook
from balie.gateway.handoff_notices import HandoffNotices
from balie.gateway.handoff_words import HandoffWords
from balie.gateway.journal import Journal
from balie.gateway.messages import Messages
from balie.gateway.neighbours.clients import FaqClient, HandoffsClient, NluClient, RouterClient
from balie.gateway.outbox import Outbox
from balie.gateway.pipeline import Pipeline
from balie.gateway.ratings import Ratings
from balie.gateway.records.briefings import Briefings
from balie.gateway.replies import Replies
from balie.gateway.sending import Sending
from balie.gateway.service import ConversationService
from balie.gateway.settings import GatewaySettings
from balie.gateway.turns import Rhythm, Turns
from balie.gateway.watching import Watching
from balie.gateway.wording import Wording
from balie.gateway.worker import Workers
from balie.kit.background import running
from balie.kit.chores import Chores
from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ids import new_id
from balie.kit.ledger import Ledger
from balie.kit.server import Serving

_CHORES_SECONDS = 3600.0
_TENANTS_SECONDS = 2.0
_OUTBOX_SECONDS = 2.0
# A neighbour that comes back is found within a second, so that a waiting turn is not kept waiting by the channel.
_CHANNEL_OPTIONS = (("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1000))


@asynccontextmanager
async def lifespan(settings: GatewaySettings) -> AsyncGenerator[Serving, None]:
    """Reads the files, opens the database, begins to work on what is left from before, and offers the service."""
    wording = Wording.load(settings.wording_file, settings.languages)
    follow_ups = FollowUps.load(settings.follow_ups_file, settings.languages)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database.open(settings.database_url, migrations="balie.gateway.migrations")
        )
        handoff = await stack.enter_async_context(_channel(settings.handoff_address))
        journal = Journal(EventLog(database, poll_seconds=settings.poll_seconds), ProtoCodec())
        handoffs = HandoffsClient(handoff, settings.route_timeout_seconds)
        outbox = await _outbox(stack, settings, database, handoffs)
        messages, ledger = Messages(journal, outbox), Ledger()
        zone = ZoneInfo(settings.time_zone)
        ratings = Ratings(database, ledger, messages, outbox, wording)
        book = HandoffBook(journal, HandoffNotices(messages, HandoffWords(wording, zone)), ratings)
        replies = Replies(wording, follow_ups, zone)
        turns = Turns(database, messages, journal, book, replies, _rhythm(settings), new_id())
        pipeline = await _pipeline(stack, settings, follow_ups, replies, handoff)
        workers = await _workers(stack, settings, database, turns, pipeline)
        followers = _followers(stack, database, book, handoffs)
        chores = Chores(database, ledger)
        await stack.enter_async_context(running(chores.run(every_seconds=_CHORES_SECONDS)))
        conversations = Conversations(
            database,
            ledger,
            messages,
            journal,
            wording,
            tenant_seen=followers.ensure,
            orphaned=followers.withdraw,
        )
        sending = Sending(database, ledger, messages, turns, ratings, journal, workers)
        servicer = ConversationService(
            conversations, sending, Watching(database, journal), ratings, Briefings(database)
        )
        add = conversation_service_pb2_grpc.add_ConversationServiceServicer_to_server
        yield Serving(servicers=((add, servicer),), ready=database.check)


async def _pipeline(
    stack: AsyncExitStack,
    settings: GatewaySettings,
    follow_ups: FollowUps,
    replies: Replies,
    handoff: grpc.aio.Channel,
) -> Pipeline:
    nlu = await stack.enter_async_context(_channel(settings.nlu_address))
    faq = await stack.enter_async_context(_channel(settings.faq_address))
    return Pipeline(
        nlu=NluClient(nlu, settings.analyze_timeout_seconds),
        faq=FaqClient(faq, settings.search_timeout_seconds, settings.faq_collection),
        router=RouterClient(handoff, settings.route_timeout_seconds),
        follow_ups=follow_ups,
        replies=replies,
        default_language=settings.languages[0],
    )


async def _workers(
    stack: AsyncExitStack, settings: GatewaySettings, database: Database, turns: Turns, pipeline: Pipeline
) -> Workers:
    workers = Workers(
        database,
        turns,
        pipeline,
        count=settings.turn_workers,
        sweep=timedelta(seconds=settings.poll_seconds),
        lease=timedelta(seconds=settings.lease_seconds),
    )
    await workers.start()
    stack.push_async_callback(workers.stop)
    return workers


async def _outbox(
    stack: AsyncExitStack, settings: GatewaySettings, database: Database, handoffs: HandoffsClient
) -> Outbox:
    outbox = Outbox(
        database,
        handoffs,
        sweep=timedelta(seconds=_OUTBOX_SECONDS),
        retry=timedelta(seconds=settings.retry_seconds),
        longest_retry=timedelta(seconds=settings.longest_retry_seconds),
    )
    await stack.enter_async_context(running(outbox.run()))
    return outbox


def _followers(
    stack: AsyncExitStack, database: Database, book: HandoffBook, handoffs: HandoffsClient
) -> Followers:
    pause = timedelta(seconds=_TENANTS_SECONDS)
    followers = Followers(database, handoffs, book, look_for_tenants=pause)
    followers.start()
    stack.push_async_callback(followers.close)
    return followers


def _rhythm(settings: GatewaySettings) -> Rhythm:
    return Rhythm(
        lease=timedelta(seconds=settings.lease_seconds),
        retry=timedelta(seconds=settings.retry_seconds),
        longest_retry=timedelta(seconds=settings.longest_retry_seconds),
        delay_notice=timedelta(seconds=settings.delay_notice_seconds),
    )


def _channel(address: str) -> grpc.aio.Channel:
    return channel(address, act_as="service:gateway", options=_CHANNEL_OPTIONS)
