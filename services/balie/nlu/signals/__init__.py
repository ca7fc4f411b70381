"""Signals: what routing needs to know of a message's tone and form, so that no text has to leave the service."""

from balie.nlu.signals.reader import SignalReader

__all__ = ["SignalReader"]
