"""Imports of keywords: whole batches, every problem told, and nothing changed by importing again."""

import pytest
from tests.integration.nlu.keyword_replicas import TENANT, keyword, replica

from balie.kit.imports.progress import ImportCounts, Problem
from balie.nlu.keywords.keyword import Keyword

pytestmark = pytest.mark.timeout(60)


def many(count: int, word: str = "woord") -> list[Keyword]:
    return [keyword(f"k{number:04}", f"{word} {number}") for number in range(count)]


async def test_an_import_is_found_and_importing_it_again_changes_nothing(database_url: str) -> None:
    async with replica(database_url) as one:
        steps = await one.take(many(450))
        assert steps[-1].done
        assert steps[-1].counts == ImportCounts(received=450, created=450, generation=3)
        assert await one.found("over woord 449", steps[-1].counts.generation) == [("k0449", "k0449")]
        again = (await one.take(many(450)))[-1].counts
        assert again == ImportCounts(received=450, unchanged=450, generation=3)
        mixed = (await one.take([*many(2), keyword("k0002", "anders"), keyword("new", "nieuw")]))[-1].counts
        assert (mixed.unchanged, mixed.updated, mixed.created) == (2, 1, 1)


async def test_a_keyword_that_is_refused_is_told_and_the_others_go_on(database_url: str) -> None:
    async with replica(database_url, [keyword("file", "bestand")]) as one:
        steps = await one.take(
            [
                keyword("a", "aap"),
                Problem(2, "bad", "FIELD_REQUIRED", "keyword.terms is required"),
                keyword("file", "anders"),
                keyword("b", "beer"),
            ]
        )
        problems = [problem for step in steps for problem in step.problems]
        assert [(one.number, one.item_id, one.reason) for one in problems] == [
            (2, "bad", "FIELD_REQUIRED"),
            (3, "file", "KEYWORD_READ_ONLY"),
        ]
        assert (steps[-1].counts.created, steps[-1].counts.refused) == (2, 2)


async def test_a_keyword_that_comes_twice_ends_as_its_last(database_url: str) -> None:
    async with replica(database_url) as one:
        (*_, last) = await one.take([keyword("a", "aap"), keyword("a", "beer"), keyword("a", "cavia")])
        assert (last.counts.created, last.counts.updated) == (1, 2)
        assert await one.found("cavia", last.counts.generation) == [("a", "a")]
        assert await one.found("aap") == []
        (*_, same) = await one.take([keyword("a", "x-woord"), keyword("a", "cavia")])
        assert (same.counts.updated, same.counts.generation) == (2, last.counts.generation)


async def test_a_dry_run_writes_nothing(database_url: str) -> None:
    async with replica(database_url) as one:
        (*_, last) = await one.take([*many(250), *many(250)], dry_run=True)
        assert last.counts == ImportCounts(received=500, created=250, unchanged=250)
        assert (await one.catalogue.keywords(TENANT, 5, ""))[0] == []
