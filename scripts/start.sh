#!/bin/sh
# Shows the whole pipeline on this machine (npm start): npm packages, then "kata-metrics up" with the arguments given.
# Node takes the place of the shell, so that a signal reaches it and not a shell that waits for it.
set -eu
cd "$(dirname "$0")/.."
. scripts/install-packages.sh
node scripts/build-page.ts --if-needed
exec node src/bin/kata-metrics.ts up "$@"
