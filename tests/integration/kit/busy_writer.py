"""A process that writes until it is killed, and says on its output what it was promised to be on disk.

Each write takes a request id and adds a note and an event in one transaction; when that has committed, its number and
position are printed.
"""

import asyncio
import itertools
import sys

from tests.integration.kit.steps import TENANT, TOPIC, add_note, opened

from balie.kit.database import Database
from balie.kit.eventlog import EventLog
from balie.kit.ledger import Ledger, Write

WRITERS = 8


def write_of(number: int) -> Write:
    return Write(TENANT, "service:writer", "/example.v1.Notes/Add", f"request-{number}", f"digest-{number}")


async def write(database: Database, log: EventLog, ledger: Ledger, number: int) -> int:
    """Returns the event's position, also when this number was written before."""
    async with database.write() as tx:

        async def work() -> int:
            await add_note(tx, f"{number:06}")
            return (await log.append(tx, TENANT, TOPIC, f"{number:06}".encode())).position

        return await ledger.once(tx, write_of(number), int, work)


async def main(url: str) -> None:
    async with opened(url) as database:
        log, ledger, numbers = EventLog(database), Ledger(), itertools.count()

        async def go_on() -> None:
            for number in numbers:
                position = await write(database, log, ledger, number)
                print(number, position, flush=True)

        await asyncio.gather(*(go_on() for _ in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
