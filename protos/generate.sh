#!/usr/bin/env bash
# Writes the Python stubs of every .proto file into a folder; `make protos` and `make protos-check` call it.
#
# Usage: protos/generate.sh OUTPUT_FOLDER
#
# The generator is pinned low on purpose: stubs refuse to import on a protobuf older than the one they were made with, and
# those of grpcio-tools 1.71.2 run on protobuf 5.29 and everything newer.
set -euo pipefail
cd "$(dirname "$0")/.."
output=$1
tools=.tools/protoc
if [ ! -x "$tools/bin/protoc-gen-mypy" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check 'grpcio-tools==1.71.2' 'mypy-protobuf==3.6.0' 'setuptools<82'
fi
files=$(find protos/balie -name '*.proto' | sort)
services=$(grep -l '^service ' $files)
export PATH="$PWD/$tools/bin:$PATH"
python -m grpc_tools.protoc --proto_path=protos --python_out="$output" --mypy_out="$output" $files 2>&1 | { grep -v "^Writing" || true; }
# Only files that define a service get a _pb2_grpc module: the others would be empty.
python -m grpc_tools.protoc --proto_path=protos --grpc_python_out="$output" --mypy_grpc_out="$output" $services 2>&1 | { grep -v "^Writing" || true; }
find "$output/balie/api" -type d -not -name __pycache__ -exec touch '{}/__init__.py' \;
