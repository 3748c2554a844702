#!/usr/bin/env bash
# PostgreSQL and Chromium with Chinese fonts for the tests: installed by apt when root and missing.
set -euo pipefail
packages=()
has_postgres() { command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
has_chromium() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; }
has_fonts() { command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh | head -1)" ]; }
has_postgres || packages+=(postgresql)
has_fonts || packages+=(fontconfig fonts-noto-cjk)
if ! has_chromium; then
  if apt-cache policy chromium 2>/dev/null | grep -q 'Candidate: [0-9]'; then packages+=(chromium); else packages+=(chromium-browser); fi
fi
[ ${#packages[@]} = 0 ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "缺少 ${packages[*]}：相关测试将跳过（CI 中为失败）。 Missing ${packages[*]}: their tests are skipped, or fail in CI." >&2
  exit 0
fi
echo "安装 ${packages[*]} … installing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
if [[ " ${packages[*]} " == *" chromium-browser "* ]] && apt-cache policy chromium | grep -q 'Candidate: [0-9]'; then
  packages=("${packages[@]/chromium-browser/chromium}")
fi
apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
