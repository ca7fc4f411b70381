"""Calls to a desk, ready for use: channels with retries, deadlines and identity, typed stubs, errors with reasons.

Needs grpcio, protobuf and googleapis-common-protos, and nothing else of Balie but its stubs.
"""

from balie.client.channels import channel, sync_channel
from balie.client.desk import AddressMissing, Balie
from balie.client.errors import CallError, error_of
from balie.client.service_config import service_config

__all__ = ["AddressMissing", "Balie", "CallError", "channel", "error_of", "service_config", "sync_channel"]
