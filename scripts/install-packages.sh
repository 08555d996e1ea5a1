# Installs the npm packages of package-lock.json when they are missing or older than it, and puts node_modules/.bin on
# the PATH, where the right version of Node.js is. Sourced by the other scripts from the repository's folder; POSIX sh,
# so that nothing but sh and npm has to be there.
#
# "npm install --no-save" and not "npm ci": the latter refuses a lockfile in which the builds of a package for other
# operating systems are not listed. Both install the versions of the lockfile, and neither changes it here.

kata_installed_lock=node_modules/.package-lock.json
PATH="$PWD/node_modules/.bin:$PATH"
export PATH

# Errors are on standard error; the counts on standard output confuse where it is called twice.
# With the certificates of the machine, which Debian's Node.js trusts and the one from npm does not by default: a company
# may have its own.
kata_npm_install() {
  NODE_NO_WARNINGS=1 NODE_USE_SYSTEM_CA=1 npm install --no-save --no-fund --no-audit --loglevel=error >/dev/null
}

if [ ! -x node_modules/.bin/node ] || [ ! -f "$kata_installed_lock" ] ||
  [ -n "$(find package-lock.json -newer "$kata_installed_lock")" ]; then
  if ! command -v npm >/dev/null 2>&1; then
    echo 'Cannot install the npm packages: npm is not on the PATH' >&2
    exit 1
  fi
  echo 'Installing npm packages (once)' >&2
  kata_first_version=$(node --version)
  kata_npm_install || exit 1
  # npm leaves out optional packages, such as the native part of a tool, that do not support the Node.js it runs on.
  # When that was the machine's own, the project's is there now, and a second look adds what is missing.
  if [ "$(node_modules/.bin/node --version)" != "$kata_first_version" ]; then
    kata_npm_install || exit 1
  fi
  # npm also leaves out an optional package that it cannot download, and reports success.
  kata_missing=$(node scripts/missing-packages.ts)
  if [ -n "$kata_missing" ]; then
    rm -f "$kata_installed_lock"
    echo "Cannot install the npm packages: npm did not download these, run the command again:" >&2
    echo "$kata_missing" >&2
    exit 1
  fi
  touch "$kata_installed_lock"
fi
