"""The topics of the NLU service's log."""

from balie.kit.database import Transaction
from balie.kit.tables import log_head

MODELS = "models"
"""Tells what becomes of a tenant's models, and which one is active."""

KEYWORDS = "keywords"
"""Tells what becomes of a tenant's keywords; its positions are their generations."""


async def every_topic(tx: Transaction) -> list[tuple[str, str]]:
    """Returns tenant and topic of everything that was ever told of."""
    rows = await tx.all(log_head.select().with_only_columns(log_head.c.tenant, log_head.c.topic))
    return [(row.tenant, row.topic) for row in rows]
