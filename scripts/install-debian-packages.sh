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

# The packages' scripts ask this file whether they may start a service. One that is there already is the machine's own
# rule and stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
# $missing is a list of words in all of these.
if ! apt-get install -s -qq --no-install-recommends $missing >/dev/null 2>&1; then
  apt-get update -qq >&2
fi
if ! apt-get install -y -qq --no-install-recommends $missing >&2; then
  echo 'Trying again with fresh package lists' >&2
  apt-get update -qq >&2
  apt-get install -y -qq --no-install-recommends $missing >&2
fi

# Not started now must also mean not started at the next boot.
if command -v systemctl >/dev/null 2>&1; then
  for package in $missing; do
    for unit in $(dpkg -L "$package" | sed -n 's,^.*/systemd/system/\([^/@]*\.\(service\|timer\|socket\)\)$,\1,p' | sort -u); do
      systemctl disable --quiet "$unit" >&2 || echo "Could not disable $unit of $package" >&2
    done
  done
fi
