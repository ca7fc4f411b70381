"""What every part of a desk in a database has."""

from balie.kit.database import Transaction


class SqlPart:
    """A tenant's rows within one transaction.

    Attributes:
        tenant: whose rows.
        tx: the transaction.
    """

    def __init__(self, tx: Transaction, tenant: str) -> None:
        self.tx = tx
        self.tenant = tenant
