"""Asks a service whether it is ready; exits with 0 when it is. `python probe.py 127.0.0.1:50051 [liveness]`.

For Docker, which has no probe of its own for gRPC; Kubernetes has one and does not use this.
"""

import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_TIMEOUT_SECONDS = 3.0


def main(address: str, service: str = "") -> int:
    """Returns 0 when the service says SERVING, 1 when it says otherwise or nothing."""
    with grpc.insecure_channel(address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            reply = health_pb2_grpc.HealthStub(channel).Check(request, timeout=_TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            sys.stdout.write(f"{error.code().name}\n")
            return 1
    sys.stdout.write(f"{health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)}\n")
    return 0 if reply.status == health_pb2.HealthCheckResponse.SERVING else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
