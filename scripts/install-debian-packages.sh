#!/bin/sh
# Installs the Debian packages given as arguments that are missing, after saying so: for scripts/test.sh.
# Does nothing, and says so, elsewhere than on Debian or without root. Never starts or enables a service.
set -eu

missing=
for package in "$@"; do
  if ! dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed; then
    missing="$missing $package"
  fi
done
missing=${missing# }
if [ -z "$missing" ]; then
  exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "Not installing $missing: this is not Debian" >&2
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Not installing $missing: only root can (apt-get install $missing)" >&2
  exit 0
fi
echo "Installing Debian packages for the system tests: $missing" >&2

# What apt says is shown only when it fails. A signal ends the script by its trap for EXIT.
log=$(mktemp)
policy=/usr/sbin/policy-rc.d
written_policy=
trap 'rm -f "$log" $written_policy' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The packages' scripts ask this file whether they may start a service. One that is there already is the machine's own
# rule and stays.
if [ ! -e "$policy" ]; then
  written_policy=$policy
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

# $missing is a list of words and meant to be split.
# shellcheck disable=SC2086
can_install() {
  apt-get install -s -qq --no-install-recommends $missing >"$log" 2>&1
}
# shellcheck disable=SC2086
install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$log" 2>&1
}
update() {
  apt-get update -qq >"$log" 2>&1
}

# A package list may be missing, or so old that it names files that are gone.
can_install || update || { cat "$log" >&2; exit 1; }
install || { update && install; } || { cat "$log" >&2; exit 1; }

# Not started now must also mean not started at the next boot.
if command -v systemctl >/dev/null 2>&1; then
  for package in $missing; do
    for unit in $(dpkg -L "$package" | sed -n 's,^.*/systemd/system/\([^/@]*\.\(service\|timer\|socket\)\)$,\1,p' | sort -u); do
      systemctl disable --quiet "$unit" >&2 || echo "Could not disable $unit of $package" >&2
    done
  done
fi
