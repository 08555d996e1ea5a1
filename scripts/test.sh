#!/bin/sh
# Runs the tests (npm test): npm packages, the Debian packages that the system tests use, then vitest with the arguments
# given. KATA_TEST_NO_INSTALL=1 installs no Debian package; what lacks one is then skipped, and listed at the end.
set -eu
cd "$(dirname "$0")/.."
. scripts/install-packages.sh
if [ "${KATA_TEST_NO_INSTALL:-}" != 1 ]; then
  sh scripts/install-debian-packages.sh buildah crun mmdebstrap prometheus prometheus-node-exporter python3-prometheus-client containerd rpm runc busybox-static chromium curl e2fsprogs erofs-utils openssl socat strace systemd qemu-system-common qemu-system-x86 binutils containernetworking-plugins fish iproute2 mandoc tmux zsh
fi
node scripts/build-page.ts --if-needed
exec vitest run --coverage "$@"
