#!/usr/bin/env bash
# Generates Python code from the contract: proto/generate.sh [OUT], default risk_service/pb.
# protoc writes imports for a top-level `risk` package; ours lives under risk_service.pb.
set -euo pipefail
cd "$(dirname "$0")/.."
out="${1:-risk_service/pb}"
python="${PYTHON:-.venv/bin/python}"
mkdir -p "$out"
"$python" -m grpc_tools.protoc -Iproto --python_out="$out" --pyi_out="$out" --grpc_python_out="$out" proto/risk/v1/*.proto
sed -i 's/^from risk\.v1 import/from risk_service.pb.risk.v1 import/' "$out"/risk/v1/*_pb2*.py "$out"/risk/v1/*_pb2.pyi
printf '"""Generated from proto/ by `make proto`. Never edited."""\n' | tee "$out/risk/__init__.py" > "$out/risk/v1/__init__.py"
