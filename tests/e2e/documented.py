"""What the contract's comments say each RPC may answer."""

import re
from pathlib import Path

PROTOS = Path(__file__).parents[2] / "protos" / "balie" / "api"

EVERYWHERE = {
    ("INVALID_ARGUMENT", "REQUEST_MALFORMED"),
    ("UNAUTHENTICATED", "CALLER_UNKNOWN"),
    ("DEADLINE_EXCEEDED", "DEADLINE_TOO_SHORT"),
    ("RESOURCE_EXHAUSTED", "SERVER_BUSY"),
    ("UNAVAILABLE", "SERVER_STOPPING"),
    ("UNAVAILABLE", "DATABASE_UNAVAILABLE"),
    ("ABORTED", "WRITE_CONFLICT"),
}
"""What `protos/README.md` says of every RPC."""

_ERROR = re.compile(r"([A-Z]+(?:_[A-Z]+)*) ((?:[A-Z]+(?:_[A-Z]+)+)(?:,? (?:and )?(?:[A-Z]+(?:_[A-Z]+)+))*)")


def documented_errors() -> dict[str, set[tuple[str, str]]]:
    """Returns status and reason of each error that an RPC lists, by the RPC's name."""
    found: dict[str, set[tuple[str, str]]] = {}
    borrowed: dict[str, set[str]] = {}
    for path in sorted(PROTOS.rglob("*_service.proto")):
        comment: list[str] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            text = line.strip()
            if text.startswith("//"):
                comment.append(text.removeprefix("//").strip())
            elif match := re.match(r"rpc (\w+)\(", text):
                words = " ".join(comment)
                errors = words.partition("Errors:")[2]
                found[match[1]] = {
                    (status, reason)
                    for status, reasons in _ERROR.findall(errors)
                    for reason in re.findall(r"[A-Z]+(?:_[A-Z]+)+", reasons)
                }
                borrowed[match[1]] = set(re.findall(r"as for (\w+)", errors)) | set(
                    re.findall(r"as for \w+ and (\w+)", errors)
                )
                comment = []
            else:
                comment = []
    for name, others in borrowed.items():
        for other in others:
            found[name] |= found.get(other, set())
    return found
