#!/usr/bin/env bash
# tools/arm64_sysroot.sh FOLDER: the libraries sluice links, for 64-bit ARM, unpacked under FOLDER for the preset arm64.
# Fetches Debian packages with apt's own means into a scratch state: nothing is installed, no architecture is added to
# this machine, and root is not needed. Does nothing when FOLDER is complete. Notes go to stderr; exit 1 when it cannot.
set -euo pipefail

[ $# = 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
packages=(nlohmann-json3-dev libcli11-dev libfmt-dev libpcre2-dev libutf8proc-dev libxxhash-dev liburing-dev libedit-dev libmd4c-dev libgtest-dev libgmock-dev)
wanted="${packages[*]}"
root=$1
[ "$(cat "$root/complete" 2>/dev/null)" != "$wanted" ] || exit 0
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "arm64_sysroot: neither apt-get nor dpkg-deb here" >&2
  exit 1
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial" "$scratch/debs"
: >"$scratch/status"
apt=(apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Acquire::Languages=none -o APT::Sandbox::User=
  -o Dir::State::lists="$scratch/lists" -o Dir::State::status="$scratch/status" -o Dir::Cache="$scratch/cache")

"${apt[@]}" update >&2 || true  # sources without arm64 lists fail; what counts is whether the packages come
# With the libraries themselves, whose names change from release to release; the C library comes with the compiler.
libraries=$(apt-cache "${apt[@]:1}" depends --no-recommends --no-suggests "${packages[@]}" | sed -n 's/^ *Depends: \(lib[^<]*\)$/\1/p' | grep -v '^libc6')
# shellcheck disable=SC2086
(cd "$scratch/debs" && "${apt[@]}" download "${packages[@]}" $libraries >&2)
rm -rf "$root"
mkdir -p "$root"
for deb in "$scratch"/debs/*.deb; do dpkg-deb -x "$deb" "$root"; done
echo "$wanted" >"$root/complete"
