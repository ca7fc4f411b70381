"""A yardstick for tests of the bench: knows the messages it learned by heart, and takes its time for each.

Run as `python slow_yardstick.py TRAIN.jsonl PORT`, as the bench runs any yardstick.
"""

import json
import sys
import time
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc

SECONDS = 0.05


def serve(train: Path, port: str) -> None:
    rows = [json.loads(line) for line in train.read_text(encoding="utf-8").splitlines()]
    labels: dict[str, str] = {row["text"]: row["label"] for row in rows}
    usual = min(labels.values())

    def parse(request: bytes, _context: Any) -> bytes:
        time.sleep(SECONDS)
        label = labels.get(request[2:].decode(), usual).encode()
        return b"\x0a" + bytes([len(label)]) + label + b"\x15\x00\x00\x00\x3f"  # intent and score

    handler = grpc.method_handlers_generic_handler(
        "yardstick.Yardstick", {"Parse": grpc.unary_unary_rpc_method_handler(parse)}
    )
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2])
