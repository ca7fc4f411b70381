#!/usr/bin/env bash
# Lints the contract, looks for changes that break clients, and proves the committed stubs fresh; `make protos-check`.
set -euo pipefail
cd "$(dirname "$0")"
buf lint
# The last released contract is that of the newest tag; before the first release there is nothing to break.
if tag=$(git describe --tags --abbrev=0 2>/dev/null); then
    buf breaking --against "../.git#tag=$tag,subdir=protos"
else
    echo "no release yet: no contract to break"
fi
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
./generate.sh "$fresh"
if ! diff --recursive --exclude=__pycache__ "$fresh/balie/api" ../services/balie/api; then
    echo "services/balie/api is not what protos/ says: run 'make protos' and commit" >&2
    exit 1
fi
echo "stubs are fresh"
