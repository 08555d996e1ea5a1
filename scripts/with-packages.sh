#!/bin/sh
# Runs a command with the project's npm packages installed and its Node.js on the PATH:
# sh scripts/with-packages.sh node scripts/check.ts
set -eu
cd "$(dirname "$0")/.."
. scripts/install-packages.sh
exec "$@"
