#!/usr/bin/env bash
# PostgreSQL and Chromium with Chinese fonts for the tests: installed by apt when root and missing.
# On Ubuntu apt's Chromium is a snap, which containers do not run: there it is Playwright's own.
set -euo pipefail
cd "$(dirname "$0")/.."
packages=()
has_postgres() { command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
has_chromium() {
  local program
  for program in chromium chromium-browser google-chrome; do  # a snap's wrapper is there but fails
    "$program" --version >/dev/null 2>&1 && return 0
  done
  ls "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium-*/INSTALLATION_COMPLETE >/dev/null 2>&1
}
has_fonts() { command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh | head -1)" ]; }
is_ubuntu() { grep -qs '^ID=ubuntu$' /etc/os-release; }
playwright=
has_postgres || packages+=(postgresql)
has_fonts || packages+=(fontconfig fonts-noto-cjk)
if ! has_chromium; then
  if is_ubuntu; then playwright=yes; else packages+=(chromium); fi
fi
[ ${#packages[@]} = 0 ] && [ -z "$playwright" ] && exit 0
missing="${packages[*]}${playwright:+ Chromium}"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "缺少 $missing：相关测试将跳过（CI 中为失败）。 Missing $missing: their tests are skipped, or fail in CI." >&2
  exit 0
fi
echo "安装 $missing … installing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
[ ${#packages[@]} = 0 ] || apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
[ -z "$playwright" ] || .venv/bin/playwright install --with-deps chromium >/dev/null
