"""The words of the port under their older name."""

from balie.faq.index.port import SLOTS, Hit, Snapshot

__all__ = ["SLOTS", "Hit", "Snapshot"]
