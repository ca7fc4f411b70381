"""Which RPCs may be repeated, read from the contract itself.

A method says in its descriptor whether repeating it is harmless (`idempotency_level`); gRPC retries exactly those,
and only when the service was unavailable (AIP-194). There is no `timeout` in the configuration: in Python it fires
about 1.3 s early (grpc/grpc #40633), so timeouts are passed with each call.
"""

import importlib
import json
import pkgutil
from collections.abc import Iterable, Sequence

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

_PACKAGES = ("common", "gateway", "nlu", "faq", "handoff")
_REPEATABLE = (MethodOptions.NO_SIDE_EFFECTS, MethodOptions.IDEMPOTENT)
_RETRY_POLICY = {
    "maxAttempts": 4,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}


def api_services() -> list[ServiceDescriptor]:
    """Returns the descriptors of all services of `balie.api`, in the order of their packages."""
    found: list[ServiceDescriptor] = []
    for package in _PACKAGES:
        home = importlib.import_module(f"balie.api.{package}.v1")
        for module in sorted(info.name for info in pkgutil.iter_modules(home.__path__)):
            if module.endswith("_pb2"):
                file = importlib.import_module(f"{home.__name__}.{module}").DESCRIPTOR
                found += file.services_by_name.values()
    return found


def repeatable_methods(services: Iterable[ServiceDescriptor]) -> list[tuple[str, str]]:
    """Returns service and name of each method that may be repeated."""
    return [
        (service.full_name, method.name)
        for service in services
        for method in service.methods
        if method.GetOptions().idempotency_level in _REPEATABLE
    ]


def service_config(services: Sequence[ServiceDescriptor] | None = None) -> str:
    """Returns a channel's service config: replicas in turn, and retries where repeating is harmless.

    Args:
        services: descriptors of the services to call; all of `balie.api` by default.
    """
    names = [
        {"service": service, "method": method}
        for service, method in repeatable_methods(api_services() if services is None else services)
    ]
    config: dict[str, object] = {"loadBalancingConfig": [{"round_robin": {}}]}
    if names:
        config["methodConfig"] = [{"name": names, "retryPolicy": _RETRY_POLICY}]
    return json.dumps(config)
