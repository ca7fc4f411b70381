"""A plug-in that chooses agents: whoever had least to do for longest, but never the same one twice in a row.

Run: python examples/routing-plugin/chooser.py 127.0.0.1:50060
Then start the handoff service with BALIE_HANDOFF_PLUGIN_ADDRESS=127.0.0.1:50060.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

from balie.api.handoff.v1 import routing_plugin_service_pb2 as wire
from balie.api.handoff.v1 import routing_plugin_service_pb2_grpc


class Chooser(routing_plugin_service_pb2_grpc.RoutingPluginServiceServicer):
    """Chooses; remembers whom it chose last for each tenant."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def ChooseAgent(  # noqa: N802 -- gRPC names it
        self, request: wire.ChooseAgentRequest, context: grpc.ServicerContext
    ) -> wire.ChooseAgentResponse:
        """Returns one of the candidates; all of them fit and have a place."""
        last = self._last.get(request.tenant)
        others = [one for one in request.candidates if one.agent_id != last] or list(request.candidates)
        chosen = max(others, key=lambda one: (not one.passed, -one.load, one.idle_time.ToTimedelta()))
        self._last[request.tenant] = chosen.agent_id
        return wire.ChooseAgentResponse(agent_id=chosen.agent_id)


def main(address: str) -> None:
    """Serves until it is stopped."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    routing_plugin_service_pb2_grpc.add_RoutingPluginServiceServicer_to_server(Chooser(), server)
    port = server.add_insecure_port(address)
    server.start()
    print(f"choosing agents on port {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50060")
