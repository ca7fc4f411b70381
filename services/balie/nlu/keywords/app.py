"""Builds keyword work, for the NLU service's composition root."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog

from balie.encoders import Encoder, KnowsWords
from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger
from balie.nlu.analyzer import Analyzer
from balie.nlu.domain import TargetKind
from balie.nlu.examples import Examples
from balie.nlu.keywords.catalogue import FileKeywords, KeywordCatalogue
from balie.nlu.keywords.file import read_keywords
from balie.nlu.keywords.finder import KeywordFinder
from balie.nlu.keywords.importing import KeywordImporter
from balie.nlu.keywords.keyword import Keyword, words_by_language
from balie.nlu.keywords.lexicon import Lexicon
from balie.nlu.keywords.live import LiveKeywords, Parts
from balie.nlu.keywords.service import KeywordService
from balie.nlu.keywords.writing import KeywordWriter
from balie.nlu.language_words import known_words

_log = structlog.get_logger()


@dataclass(frozen=True)
class KeywordWork:
    """The pieces of keyword work that others need."""

    live: LiveKeywords
    catalogue: KeywordCatalogue
    importer: KeywordImporter

    def servicer(self, analyzer: Analyzer) -> KeywordService:
        """Returns the servicer; the analyzer is the one that `live` was made for."""
        return KeywordService(self.catalogue, self.importer, self.live, analyzer)


async def keyword_work(
    stack: AsyncExitStack, database: Database, log: EventLog, ledger: Ledger, own: "FileWords"
) -> KeywordWork:
    """Returns keyword work, with every tenant's keywords loaded."""
    file = FileKeywords(own.keywords)
    finder = await asyncio.to_thread(own.finder)
    workers = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="keywords"))
    live = LiveKeywords(Parts(database, log, file, workers), finder)
    await live.open()
    writer = KeywordWriter(log)
    return KeywordWork(
        live=live,
        catalogue=KeywordCatalogue(database, ledger, writer, file),
        importer=KeywordImporter(database, writer, file),
    )


@dataclass(frozen=True)
class FileWords:
    """What the service's files and its encoder say of words.

    Attributes:
        languages: the configured ones.
    """

    keywords: Sequence[Keyword]
    examples: Examples
    encoder: Encoder
    languages: Sequence[str]

    def finder(self) -> KeywordFinder:
        """Returns what finds the file's keywords, and takes no word of the examples or of the encoder for misspelt."""
        texts: list[Mapping[str, list[str]]] = [
            self.examples.texts_by_language,
            words_by_language(self.keywords),
        ]
        everywhere = self.encoder.words() if isinstance(self.encoder, KnowsWords) else ()
        lexicon = Lexicon(known_words(self.languages, texts), everywhere)
        return KeywordFinder(self.keywords, self.languages, lexicon)


async def keywords_of_file(path: Path | None, examples: Examples) -> Sequence[Keyword]:
    """Returns the keywords of the service's file; warns of those that point at an intent without examples.

    Raises:
        DataFileWrong: it cannot be read, or a keyword makes no sense.
    """
    if path is None:
        return []
    keywords = await asyncio.to_thread(read_keywords, path)
    known = set(examples.intents)
    for keyword in keywords:
        if examples.items and keyword.target.kind is TargetKind.INTENT and keyword.target.name not in known:
            _log.warning("keyword points at an intent without examples", keyword=keyword.id)
    return keywords
