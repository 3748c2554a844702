#!/usr/bin/env bash
# The Python environment of this checkout, exactly as locked. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=.venv/.songhua-setup
wanted=$(cat uv.lock pyproject.toml | sha256sum)
if [ -x .venv/bin/songhua ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
echo "准备 Python 环境 … preparing the Python environment"
UV_PYTHON_DOWNLOADS=never tools/uv.sh sync --frozen --all-extras --quiet
printf '%s\n' "$wanted" > "$stamp"
