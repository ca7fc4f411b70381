"""KnowledgeService as the contract has it: every RPC's result and every error it documents."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from tests.contract.faq_desk import FERRY, SECONDS, Desk, desk, entry, header, part, refused

from balie.api.faq.v1 import entry_pb2
from balie.api.faq.v1 import knowledge_service_pb2 as knowledge
from balie.client import CallError
from balie.kit.testing import callers


@pytest.fixture
async def one(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setenv("BALIE_ENCODER_VERIFY", "size")
    async with desk(database_url) as running:
        await running.collect()
        yield running


@pytest.fixture
async def small(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setenv("BALIE_ENCODER_VERIFY", "size")
    async with desk(sqlite_url) as running:
        await running.collect()
        yield running


def collection_request(**changes: Any) -> knowledge.UpsertCollectionRequest:
    values = {"id": FERRY, "display_name": "Ferry", "languages": ["en", "nl"]}
    request_id = changes.pop("request_id", "r-1")
    return knowledge.UpsertCollectionRequest(
        collection=entry_pb2.Collection(**(values | changes)), request_id=request_id
    )


def restore_request(**changes: Any) -> knowledge.RestoreEntryRequest:
    values: dict[str, Any] = {"collection_id": FERRY, "entry_id": "dogs", "revision": 1, "request_id": "r"}
    return knowledge.RestoreEntryRequest(**(values | changes))


def is_invalid(failure: CallError, reason: str, field: str) -> bool:
    return (failure.code, failure.reason, failure.metadata.get("field", "")) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        reason,
        field,
    )


async def test_a_collection_is_stored_read_listed_and_deleted(one: Desk) -> None:
    made = await one.collect("islands", display_name="Islands", languages=["nl", "de"])
    assert (made.id, made.display_name, list(made.languages)) == ("islands", "Islands", ["nl", "de"])
    assert made.etag
    assert made.create_time == made.update_time
    get = knowledge.GetCollectionRequest(collection_id="islands")
    assert (await one.knowledge.GetCollection(get, timeout=SECONDS)).collection == made
    listed = await one.knowledge.ListCollections(
        knowledge.ListCollectionsRequest(page_size=1), timeout=SECONDS
    )
    assert [found.id for found in listed.collections] == [FERRY]
    rest = knowledge.ListCollectionsRequest(page_size=1, page_token=listed.next_page_token)
    listed = await one.knowledge.ListCollections(rest, timeout=SECONDS)
    assert ([found.id for found in listed.collections], listed.next_page_token) == (["islands"], "")
    delete = knowledge.DeleteCollectionRequest(collection_id="islands", request_id="r-2")
    for _ in range(2):  # the same request is carried out once
        await one.knowledge.DeleteCollection(delete, timeout=SECONDS)
    failure = await refused(one.knowledge.GetCollection(get, timeout=SECONDS))
    assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "COLLECTION_NOT_FOUND")


async def test_an_entry_is_stored_read_listed_and_deleted(one: Desk) -> None:
    stored = (await one.put("dogs", "Dog?", "Hound?", tags=["pets"], metadata={"owner": "shop"})).entry
    assert (stored.revision, list(stored.tags), dict(stored.metadata)) == (1, ["pets"], {"owner": "shop"})
    assert stored.texts == entry("dogs", "Dog?", "Hound?").texts
    get = knowledge.GetEntryRequest(collection_id=FERRY, entry_id="dogs")
    assert (await one.knowledge.GetEntry(get, timeout=SECONDS)).entry == stored
    changed = await one.put("dogs", "Dogs?")
    assert (changed.entry.revision, changed.index_generation) == (2, 3)
    assert changed.entry.etag != stored.etag
    assert changed.entry.create_time == stored.create_time
    await one.put("cats", tags=["pets"])
    listed = await one.knowledge.ListEntries(
        knowledge.ListEntriesRequest(collection_id=FERRY, page_size=1), timeout=SECONDS
    )
    assert [found.id for found in listed.entries] == ["cats"]
    rest = knowledge.ListEntriesRequest(collection_id=FERRY, page_size=1, page_token=listed.next_page_token)
    listed = await one.knowledge.ListEntries(rest, timeout=SECONDS)
    assert ([found.id for found in listed.entries], listed.next_page_token) == (["dogs"], "")
    tagged = knowledge.ListEntriesRequest(collection_id=FERRY, tag="pets")
    assert [found.id for found in (await one.knowledge.ListEntries(tagged, timeout=SECONDS)).entries] == [
        "cats"
    ]
    assert await one.drop("dogs") == 5
    failure = await refused(one.knowledge.GetEntry(get, timeout=SECONDS))
    assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "ENTRY_NOT_FOUND")
    assert failure.metadata["entry_id"] == "dogs"
    count = knowledge.GetCollectionRequest(collection_id=FERRY)
    assert (await one.knowledge.GetCollection(count, timeout=SECONDS)).collection.entry_count == 1


async def test_the_same_request_is_carried_out_once(one: Desk) -> None:
    first = knowledge.UpsertEntryRequest(entry=entry("dogs"), request_id="r-1")
    stored = await one.knowledge.UpsertEntry(first, timeout=SECONDS)
    await one.put("dogs", "changed meanwhile")
    assert await one.knowledge.UpsertEntry(first, timeout=SECONDS) == stored
    other = knowledge.UpsertEntryRequest(entry=entry("dogs", "another"), request_id="r-1")
    failure = await refused(one.knowledge.UpsertEntry(other, timeout=SECONDS))
    assert (failure.code, failure.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    assert failure.metadata["reused_request_id"] == "r-1"
    delete = knowledge.DeleteEntryRequest(collection_id=FERRY, entry_id="dogs", request_id="r-2")
    gone = await one.knowledge.DeleteEntry(delete, timeout=SECONDS)
    assert await one.knowledge.DeleteEntry(delete, timeout=SECONDS) == gone


async def test_an_etag_guards_against_lost_updates(one: Desk) -> None:
    first = (await one.put("dogs")).entry
    second = (await one.put("dogs", "Dog?", etag=first.etag)).entry
    failure = await refused(one.put("dogs", "Hound?", etag=first.etag))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ETAG_MISMATCH")
    assert (failure.metadata["etag"], failure.metadata["current_etag"]) == (first.etag, second.etag)
    made = await one.collect(display_name="Boats")
    await one.collect(display_name="Ferries", etag=made.etag)
    failure = await refused(one.collect(display_name="Ships", etag=made.etag))
    assert failure.reason == "ETAG_MISMATCH"


async def test_languages_must_fit(one: Desk) -> None:
    german = entry_pb2.EntryText(language="de", question="Hund?", answer="Ja.")
    dutch = entry_pb2.EntryText(language="nl", question="Hond?", answer="Ja.")
    for attempt in (
        one.put("dogs", texts=[german]),
        one.put("dogs", texts=[dutch, dutch]),
        one.collect(languages=["en", "en"]),
    ):
        failure = await refused(attempt)
        assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ENTRY_LANGUAGE_INVALID")
    await one.put("dogs", texts=[dutch])
    failure = await refused(one.collect(languages=["en"]))
    assert (failure.reason, failure.metadata["language"]) == ("ENTRY_LANGUAGE_INVALID", "nl")


async def test_a_collection_with_entries_stays(one: Desk) -> None:
    await one.put("dogs")
    delete = knowledge.DeleteCollectionRequest(collection_id=FERRY, request_id="r-1")
    failure = await refused(one.knowledge.DeleteCollection(delete, timeout=SECONDS))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "COLLECTION_NOT_EMPTY")
    assert (failure.metadata["collection_id"], failure.metadata["entries"]) == (FERRY, "1")


async def test_nothing_is_found_in_a_collection_that_is_not_there(small: Desk) -> None:
    stub, name = small.knowledge, "no-such"
    for attempt in (
        stub.GetCollection(knowledge.GetCollectionRequest(collection_id=name), timeout=SECONDS),
        stub.DeleteCollection(
            knowledge.DeleteCollectionRequest(collection_id=name, request_id="r"), timeout=SECONDS
        ),
        small.put("dogs", collection_id=name),
        stub.DeleteEntry(
            knowledge.DeleteEntryRequest(collection_id=name, entry_id="e", request_id="r"), timeout=SECONDS
        ),
        stub.GetEntry(knowledge.GetEntryRequest(collection_id=name, entry_id="e"), timeout=SECONDS),
        stub.ListEntries(knowledge.ListEntriesRequest(collection_id=name), timeout=SECONDS),
        small.imports([header(collection_id=name), part("dogs")]),
        small.exports(name),
        stub.ListEntryRevisions(
            knowledge.ListEntryRevisionsRequest(collection_id=name, entry_id="e"), timeout=SECONDS
        ),
        stub.RestoreEntry(restore_request(collection_id=name), timeout=SECONDS),
    ):
        failure = await refused(attempt)
        assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "COLLECTION_NOT_FOUND")
        assert failure.metadata["collection_id"] == name


Request = Callable[[Any], Any]
UNKNOWN_STATE: dict[str, Any] = {"state": 9}
NO_TOKEN: dict[str, Any] = {"page_token": "no token"}

INVALID: list[tuple[Request, str, str]] = [
    (lambda s: s.UpsertCollection(collection_request(id="")), "FIELD_REQUIRED", "collection.id"),
    (
        lambda s: s.UpsertCollection(collection_request(display_name="x" * 201)),
        "FIELD_TOO_LONG",
        "collection.display_name",
    ),
    (
        lambda s: s.UpsertCollection(collection_request(languages=["?"])),
        "FIELD_MALFORMED",
        "collection.languages",
    ),
    (
        lambda s: s.UpsertCollection(collection_request(languages=["en"] * 21)),
        "TOO_MANY_ITEMS",
        "collection.languages",
    ),
    (lambda s: s.UpsertCollection(collection_request(request_id="")), "FIELD_REQUIRED", "request_id"),
    (lambda s: s.UpsertCollection(collection_request(request_id="a b")), "FIELD_MALFORMED", "request_id"),
    (lambda s: s.UpsertCollection(collection_request(request_id="x" * 65)), "FIELD_TOO_LONG", "request_id"),
    (lambda s: s.UpsertCollection(knowledge.UpsertCollectionRequest()), "FIELD_REQUIRED", "collection.id"),
    (lambda s: s.GetCollection(knowledge.GetCollectionRequest()), "FIELD_REQUIRED", "collection_id"),
    (
        lambda s: s.GetCollection(knowledge.GetCollectionRequest(collection_id="/")),
        "FIELD_MALFORMED",
        "collection_id",
    ),
    (
        lambda s: s.ListCollections(knowledge.ListCollectionsRequest(page_size=0)),
        "FIELD_OUT_OF_RANGE",
        "page_size",
    ),
    (
        lambda s: s.ListCollections(knowledge.ListCollectionsRequest(page_size=501)),
        "FIELD_OUT_OF_RANGE",
        "page_size",
    ),
    (
        lambda s: s.ListCollections(knowledge.ListCollectionsRequest(**NO_TOKEN)),
        "CURSOR_MALFORMED",
        "page_token",
    ),
    (
        lambda s: s.DeleteCollection(knowledge.DeleteCollectionRequest(request_id="r")),
        "FIELD_REQUIRED",
        "collection_id",
    ),
    (
        lambda s: s.DeleteCollection(knowledge.DeleteCollectionRequest(collection_id=FERRY)),
        "FIELD_REQUIRED",
        "request_id",
    ),
    (
        lambda s: s.UpsertEntry(knowledge.UpsertEntryRequest(entry=entry("dogs"))),
        "FIELD_REQUIRED",
        "request_id",
    ),
    (
        lambda s: s.UpsertEntry(
            knowledge.UpsertEntryRequest(entry=entry("dogs", collection_id=""), request_id="r")
        ),
        "FIELD_REQUIRED",
        "entry.collection_id",
    ),
    (
        lambda s: s.UpsertEntry(knowledge.UpsertEntryRequest(entry=entry("a b"), request_id="r")),
        "FIELD_MALFORMED",
        "entry.id",
    ),
    (
        lambda s: s.UpsertEntry(
            knowledge.UpsertEntryRequest(entry=entry("dogs", "x" * 1001), request_id="r")
        ),
        "FIELD_TOO_LONG",
        "entry.texts.question",
    ),
    (
        lambda s: s.UpsertEntry(
            knowledge.UpsertEntryRequest(entry=entry("dogs", tags=["x"] * 51), request_id="r")
        ),
        "TOO_MANY_ITEMS",
        "entry.tags",
    ),
    (
        lambda s: s.UpsertEntry(
            knowledge.UpsertEntryRequest(entry=entry("dogs", **UNKNOWN_STATE), request_id="r")
        ),
        "FIELD_UNKNOWN_VALUE",
        "entry.state",
    ),
    (
        lambda s: s.UpsertEntry(
            knowledge.UpsertEntryRequest(entry=entry("dogs", audience=["x"] * 21), request_id="r")
        ),
        "TOO_MANY_ITEMS",
        "entry.audience",
    ),
    (
        lambda s: s.DeleteEntry(knowledge.DeleteEntryRequest(collection_id=FERRY, request_id="r")),
        "FIELD_REQUIRED",
        "entry_id",
    ),
    (
        lambda s: s.DeleteEntry(knowledge.DeleteEntryRequest(collection_id=FERRY, entry_id="dogs")),
        "FIELD_REQUIRED",
        "request_id",
    ),
    (lambda s: s.GetEntry(knowledge.GetEntryRequest(collection_id=FERRY)), "FIELD_REQUIRED", "entry_id"),
    (
        lambda s: s.GetEntry(knowledge.GetEntryRequest(collection_id=FERRY, entry_id=" ")),
        "FIELD_MALFORMED",
        "entry_id",
    ),
    (lambda s: s.ListEntries(knowledge.ListEntriesRequest()), "FIELD_REQUIRED", "collection_id"),
    (
        lambda s: s.ListEntries(knowledge.ListEntriesRequest(collection_id=FERRY, tag="x" * 65)),
        "FIELD_TOO_LONG",
        "tag",
    ),
    (
        lambda s: s.ListEntries(knowledge.ListEntriesRequest(collection_id=FERRY, page_size=501)),
        "FIELD_OUT_OF_RANGE",
        "page_size",
    ),
    (
        lambda s: s.ListEntries(knowledge.ListEntriesRequest(collection_id=FERRY, **NO_TOKEN)),
        "CURSOR_MALFORMED",
        "page_token",
    ),
    (lambda s: s.RestoreEntry(restore_request(collection_id="")), "FIELD_REQUIRED", "collection_id"),
    (lambda s: s.RestoreEntry(restore_request(entry_id="a b")), "FIELD_MALFORMED", "entry_id"),
    (lambda s: s.RestoreEntry(restore_request(revision=0)), "FIELD_OUT_OF_RANGE", "revision"),
    (lambda s: s.RestoreEntry(restore_request(etag="x" * 65)), "FIELD_TOO_LONG", "etag"),
    (lambda s: s.RestoreEntry(restore_request(request_id="")), "FIELD_REQUIRED", "request_id"),
    (
        lambda s: s.ListEntryRevisions(knowledge.ListEntryRevisionsRequest(collection_id=FERRY)),
        "FIELD_REQUIRED",
        "entry_id",
    ),
    (
        lambda s: s.ListEntryRevisions(
            knowledge.ListEntryRevisionsRequest(collection_id=FERRY, entry_id="e", page_size=501)
        ),
        "FIELD_OUT_OF_RANGE",
        "page_size",
    ),
    (
        lambda s: s.ListEntryRevisions(
            knowledge.ListEntryRevisionsRequest(collection_id=FERRY, entry_id="e", **NO_TOKEN)
        ),
        "CURSOR_MALFORMED",
        "page_token",
    ),
    (
        lambda s: s.GetIndex(knowledge.GetIndexRequest(collection_id="x" * 129)),
        "FIELD_TOO_LONG",
        "collection_id",
    ),
    (lambda s: s.GetIndex(knowledge.GetIndexRequest()), "FIELD_REQUIRED", "collection_id"),
    (lambda s: s.GetIndex(knowledge.GetIndexRequest(collection_id="?")), "FIELD_MALFORMED", "collection_id"),
]


async def test_refuses_what_is_outside_its_bounds_and_changes_nothing(small: Desk) -> None:
    for request, reason, field in INVALID:
        failure = await refused(request(small.knowledge))
        assert is_invalid(failure, reason, field), (failure, reason, field)
    left = await small.knowledge.ListEntries(
        knowledge.ListEntriesRequest(collection_id=FERRY), timeout=SECONDS
    )
    assert not left.entries
    read = knowledge.GetCollectionRequest(collection_id=FERRY)
    collection = (await small.knowledge.GetCollection(read, timeout=SECONDS)).collection
    assert (collection.display_name, collection.etag) == ("Ferry", "1")


@pytest.mark.parametrize("who", [callers.contact("anna"), callers.agent("els")])
async def test_only_administrators_and_services_may_write(small: Desk, who: Any) -> None:
    stub = small.knowledge
    for attempt in (
        stub.UpsertCollection(collection_request(display_name="Mine"), timeout=SECONDS, metadata=who),
        stub.DeleteCollection(
            knowledge.DeleteCollectionRequest(collection_id=FERRY, request_id="r"),
            timeout=SECONDS,
            metadata=who,
        ),
        stub.UpsertEntry(
            knowledge.UpsertEntryRequest(entry=entry("dogs"), request_id="r"), timeout=SECONDS, metadata=who
        ),
        stub.DeleteEntry(
            knowledge.DeleteEntryRequest(collection_id=FERRY, entry_id="dogs", request_id="r"),
            timeout=SECONDS,
            metadata=who,
        ),
        _all(stub.ImportEntries(iter([header(), part("dogs")]), timeout=SECONDS, metadata=who)),
        stub.RestoreEntry(restore_request(), timeout=SECONDS, metadata=who),
        stub.ListEntryRevisions(
            knowledge.ListEntryRevisionsRequest(collection_id=FERRY, entry_id="dogs"),
            timeout=SECONDS,
            metadata=who,
        ),
        _all(
            stub.ExportEntries(
                knowledge.ExportEntriesRequest(collection_id=FERRY), timeout=SECONDS, metadata=who
            )
        ),
    ):
        failure = await refused(attempt)
        assert (failure.code, failure.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_FORBIDDEN")
    read = knowledge.GetCollectionRequest(collection_id=FERRY)
    found = await stub.GetCollection(read, timeout=SECONDS, metadata=who)
    assert (found.collection.display_name, found.collection.entry_count) == ("Ferry", 0)


async def test_an_entrys_history_is_listed_and_restored(one: Desk) -> None:
    first = (await one.put("dogs", "Dog?", tags=["pets"])).entry
    second = (await one.put("dogs", "Hound?")).entry
    listing = knowledge.ListEntryRevisionsRequest(collection_id=FERRY, entry_id="dogs", page_size=1)
    newest = await one.knowledge.ListEntryRevisions(listing, timeout=SECONDS)
    assert [found.entry for found in newest.revisions] == [second]
    listing.page_token = newest.next_page_token
    oldest = await one.knowledge.ListEntryRevisions(listing, timeout=SECONDS)
    (found,) = oldest.revisions
    assert (found.entry, found.changed_by, found.change_time) == (first, "admin:local", first.update_time)
    assert oldest.next_page_token == ""
    failure = await refused(one.knowledge.RestoreEntry(restore_request(etag=first.etag), timeout=SECONDS))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ETAG_MISMATCH")
    request = restore_request(etag=second.etag)
    restored = await one.knowledge.RestoreEntry(request, timeout=SECONDS)
    assert (restored.entry.texts, restored.entry.revision) == (first.texts, 3)
    assert restored.entry.tags == ["pets"]
    assert restored.index_generation == 4
    assert await one.knowledge.RestoreEntry(request, timeout=SECONDS) == restored
    failure = await refused(one.knowledge.RestoreEntry(restore_request(revision=2), timeout=SECONDS))
    assert (failure.code, failure.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_nothing_is_restored_that_is_not_kept(small: Desk) -> None:
    for read in (
        small.knowledge.RestoreEntry(restore_request(), timeout=SECONDS),
        small.knowledge.ListEntryRevisions(
            knowledge.ListEntryRevisionsRequest(collection_id=FERRY, entry_id="dogs"), timeout=SECONDS
        ),
    ):
        failure = await refused(read)
        assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "ENTRY_NOT_FOUND")
    dutch = entry_pb2.EntryText(language="nl", question="Hond?", answer="Ja.")
    await small.put("dogs", texts=[dutch])
    await small.put("dogs")
    failure = await refused(small.knowledge.RestoreEntry(restore_request(revision=9), timeout=SECONDS))
    assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "REVISION_NOT_FOUND")
    assert (failure.metadata["entry_id"], failure.metadata["revision"]) == ("dogs", "9")
    await small.collect(languages=["en"])
    failure = await refused(small.knowledge.RestoreEntry(restore_request(), timeout=SECONDS))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ENTRY_LANGUAGE_INVALID")


async def test_an_export_gives_all_entries_by_id(small: Desk) -> None:
    assert await small.exports() == []
    made = [(await small.put(name)).entry for name in ("dogs", "cats")]
    assert await small.exports() == [made[1], made[0]]


@pytest.mark.parametrize(
    ("name", "reason"), [("", "FIELD_REQUIRED"), ("a b", "FIELD_MALFORMED"), ("x" * 129, "FIELD_TOO_LONG")]
)
async def test_refuses_to_export_what_is_no_collections_id(small: Desk, name: str, reason: str) -> None:
    assert is_invalid(await refused(small.exports(name)), reason, "collection_id")


async def test_a_service_may_write(small: Desk) -> None:
    request = knowledge.UpsertEntryRequest(entry=entry("dogs"), request_id="r")
    made = await small.knowledge.UpsertEntry(request, timeout=SECONDS, metadata=callers.service("editor"))
    assert [one.id for one in await small.exports()] == ["dogs"] == [made.entry.id]


async def _all(stream: Any) -> list[Any]:
    return [message async for message in stream]
