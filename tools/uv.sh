#!/usr/bin/env bash
# Run uv, installing it for this checkout where the machine has none.
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v uv >/dev/null 2>&1; then exec uv "$@"; fi
if [ ! -x .tools/bin/uv ]; then
  python=$(command -v python3 || command -v python)
  if ! "$python" -m venv .tools >/dev/null 2>&1; then
    rm -rf .tools
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      echo "安装 python3-venv … installing python3-venv" >&2
      apt-get update -qq >&2
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >&2
      "$python" -m venv .tools
    else
      echo "需要 uv 或 python3-venv。 Install uv, or python3-venv, then try again." >&2
      exit 1
    fi
  fi
  .tools/bin/python -m pip install --quiet --disable-pip-version-check uv >&2
fi
exec .tools/bin/uv "$@"
