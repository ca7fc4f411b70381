"""txtai's HTTP server for tests of the bench: finds nothing, and takes its time for each search.

Run through a script as the bench runs an interpreter: with `-c PROGRAM` it names a folder, and with
`-m uvicorn txtai.api:app … --port PORT …` it serves.
"""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECONDS = 0.05


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        store = Path(json.loads(Path(os.environ["CONFIG"]).read_text())["path"])
        if self.path.startswith("/search"):
            time.sleep(SECONDS)
        self._reply(int(store.read_text()) if self.path == "/count" and store.exists() else [])

    def do_POST(self) -> None:
        told = json.loads(Path(os.environ["CONFIG"]).read_text())
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        store = Path(told["path"])
        held = int(store.read_text()) if store.exists() else 0
        store.write_text(str(held + len(rows)))
        self._reply(None)

    def log_message(self, *_: Any) -> None:
        pass

    def _reply(self, body: object) -> None:
        written = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)


if __name__ == "__main__":
    if sys.argv[1] == "-c":
        sys.stdout.write("/model\n")
    else:
        port = int(sys.argv[sys.argv.index("--port") + 1])
        ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
