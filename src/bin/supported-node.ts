/**
 * Whether this Node.js can run the programs. Each program imports only this file before it calls it, because later files
 * use features that older versions cannot parse, or, worse, that fail at the first request. So this file uses no feature
 * newer than Node.js 14. In the published form it contains the version: an import of node:fs loads everything that it
 * exports, which costs each shim and agent 0.6 MiB of memory.
 */
import manifest from '../../package.json' with { type: 'json' };

/** Says on standard error that this Node.js is too old for `program`, sets the exit code, and returns false; else true. */
export function isNodeSupported(program: string): boolean {
  const lowest = manifest.engines.node.replace('>=', '');
  const isSupported = isAtLeast(process.versions.node, lowest);
  if (!isSupported) {
    process.stderr.write(`${program}: needs Node.js ${lowest} or newer, this is ${process.version}\n`);
    process.exitCode = 1;
  }
  return isSupported;
}

/** `version` and `lowest` as numbers between dots, `lowest` with one or more of them. */
export function isAtLeast(version: string, lowest: string): boolean {
  const have = version.split('.').map(Number);
  for (const [at, wanted] of lowest.split('.').map(Number).entries()) {
    const part = have[at] || 0;
    if (part !== wanted) {
      return part > wanted;
    }
  }
  return true;
}
