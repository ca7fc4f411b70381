"""Queues in the contract."""
