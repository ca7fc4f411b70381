"""Channels that are ready for use: retries where they are harmless, keepalive, replicas in turn, and defaults."""

from collections.abc import Callable, Sequence

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from balie.client.defaults import Defaults, DefaultsChannel, DefaultsInterceptor
from balie.client.service_config import service_config

DEFAULT_TIMEOUT_SECONDS = 10.0

Options = Sequence[tuple[str, str | int]]
RequestId = str | Callable[[], str | None]


def channel(
    address: str,
    *,
    tenant: str | None = None,
    act_as: str | None = None,
    request_id: RequestId | None = None,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    services: Sequence[ServiceDescriptor] | None = None,
    credentials: grpc.ChannelCredentials | None = None,
    options: Options = (),
) -> grpc.aio.Channel:
    """Returns an asyncio channel to a service; make it once, use it for every call, close it at the end.

    Args:
        address: a gRPC target, such as `127.0.0.1:50051` or `dns:///gateway:50051`.
        tenant: whose desk is meant; the server's default without.
        act_as: for whom the caller acts, such as `contact:anna`.
        request_id: names calls in the services' logs; a function is asked before each call.
        timeout_seconds: timeout of a call with one request and one answer that brings none, seconds. Streams have
            the timeout they are given, or none.
        services: descriptors of what is called, for retries; all of `balie.api` by default.
        credentials: for TLS; plain text without.
        options: gRPC channel arguments, which win over those chosen here.
    """
    arguments = _options(services, options)
    plain = (
        grpc.aio.insecure_channel(address, options=arguments)
        if credentials is None
        else grpc.aio.secure_channel(address, credentials, options=arguments)
    )
    return DefaultsChannel(plain, Defaults(tenant, act_as, request_id, timeout_seconds))


def sync_channel(
    address: str,
    *,
    tenant: str | None = None,
    act_as: str | None = None,
    request_id: RequestId | None = None,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    services: Sequence[ServiceDescriptor] | None = None,
    credentials: grpc.ChannelCredentials | None = None,
    options: Options = (),
) -> grpc.Channel:
    """Returns a blocking channel to a service; takes what `channel` takes."""
    arguments = _options(services, options)
    plain = (
        grpc.insecure_channel(address, options=arguments)
        if credentials is None
        else grpc.secure_channel(address, credentials, options=arguments)
    )
    return grpc.intercept_channel(
        plain, DefaultsInterceptor(Defaults(tenant, act_as, request_id, timeout_seconds))
    )


def _options(services: Sequence[ServiceDescriptor] | None, given: Options) -> list[tuple[str, str | int]]:
    chosen: dict[str, str | int] = {
        "grpc.service_config": service_config(services),
        "grpc.enable_retries": 1,
        # A stream may be silent for hours: ask whether the line is alive, no more often than servers permit.
        "grpc.keepalive_time_ms": 30_000,
        "grpc.keepalive_timeout_ms": 10_000,
        # A neighbour that was away is found again within seconds; gRPC's own limit is two minutes.
        "grpc.initial_reconnect_backoff_ms": 200,
        "grpc.max_reconnect_backoff_ms": 3_000,
        # Channels do not share connections, so that one's backoff is not another's.
        "grpc.use_local_subchannel_pool": 1,
    }
    return list((chosen | dict(given)).items())
