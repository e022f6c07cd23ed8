# shellcheck shell=bash
# Sourced by ./demo and ./test: installs what is missing, and nothing else. Notes go to stderr.
#
# packages_need DEBIAN_PACKAGES -- BREW_PACKAGES
#   Installs by apt-get or brew the packages that are missing; elsewhere says what is needed. Never fails: the build that
#   follows says what it lacks.

packages_note() { printf '%s\n' "$*" >&2; }

# As root as we can be: directly, by sudo with a password where somebody can type it, by sudo without one elsewhere.
packages_as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@" </dev/null
  elif command -v sudo >/dev/null && [ -t 0 ] && [ -t 2 ]; then
    sudo "$@" </dev/null
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n "$@" </dev/null
  else
    return 1
  fi
}

packages_missing_debian() {
  local package
  for package in "$@"; do
    # Tools may also have come from elsewhere than dpkg.
    case $package in
      g++) command -v c++ >/dev/null && continue ;;
      ninja-build) command -v ninja >/dev/null && continue ;;
      cmake | pkg-config | python3 | ccache | nodejs | npm) command -v "$package" >/dev/null && continue ;;
    esac
    dpkg -s "$package" 2>/dev/null | grep '^Status: .* installed$' >/dev/null || echo "$package"
  done
}

packages_apt_install() { packages_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2; }

packages_apt() {
  local missing known=() unknown=() package
  mapfile -t missing < <(packages_missing_debian "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  packages_note "Installing with apt-get: ${missing[*]}"
  if ! packages_as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2; then
    packages_note "NOTE: apt-get update did not work here (not root, or no network). Needed: ${missing[*]}"
  fi
  for package in "${missing[@]}"; do
    if apt-cache show "$package" >/dev/null 2>&1; then known+=("$package"); else unknown+=("$package"); fi
  done
  [ ${#unknown[@]} -eq 0 ] || packages_note "NOTE: this system's archive has no ${unknown[*]}; going on without."
  [ ${#known[@]} -gt 0 ] || return 0
  packages_apt_install "${known[@]}" && return 0
  # One that conflicts with what is installed must not keep the others away.
  for package in "${known[@]}"; do
    packages_apt_install "$package" || packages_note "NOTE: could not install $package; going on without."
  done
}

packages_brew() {
  local installed missing=() package
  installed=" $(brew list --formula -1 | tr '\n' ' ') "
  for package in "$@"; do
    case $installed in *" $package "*) ;; *) missing+=("$package") ;; esac
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  packages_note "Installing with brew: ${missing[*]}"
  brew install "${missing[@]}" </dev/null >&2 || packages_note "NOTE: could not install ${missing[*]}; trying to build all the same."
}

packages_need() {
  local debian=() brew=()
  while [ "$1" != -- ]; do debian+=("$1"); shift; done
  shift
  brew=("$@")
  if command -v dpkg >/dev/null && command -v apt-get >/dev/null; then
    packages_apt "${debian[@]}"
  elif [ "$(uname -s)" = Darwin ] && command -v brew >/dev/null; then
    packages_brew "${brew[@]}"
  else
    packages_note "NOTE: neither apt-get nor brew here. Needed, under this system's names: ${debian[*]}"
  fi
}
