/**
 * Creates the discovery of the monitor, which logs what it finds, with the problem of the machine that keeps it from reading
 * or watching a sandboxes root. Called by `watched-node.ts`.
 */
import { Discovery, type DiscoveryChange, type RootState } from '../sandboxes/index.ts';
import type { MonitorSettings } from '../settings/monitor.ts';
import type { Log } from './answer/log.ts';

/** Logs what changes: sandboxes at debug level, and the state of each root. */
export function createDiscovery(
  { sandboxesRoot, maxSandboxes }: MonitorSettings,
  log: Log,
  onChange: (change: DiscoveryChange) => void,
): Discovery {
  return new Discovery({
    roots: sandboxesRoot,
    maxSandboxes,
    onChange: (change) => {
      const { appeared, vanished } = change;
      log.debug(
        { appeared: appeared.map(({ id }) => id), vanished: vanished.map(({ id }) => id) },
        'Sandboxes changed',
      );
      onChange(change);
    },
    onRootState: (state, before) => logRootState(state, before, log),
    onExcess: (notAsked) => logExcess(notAsked, maxSandboxes, log),
  });
}

function logExcess(notAsked: number, maxSandboxes: number, log: Log): void {
  if (notAsked > 0) {
    log.warn({ notAsked, maxSandboxes }, 'More sandboxes than --max-sandboxes: the others are not scraped');
  } else {
    log.info({ maxSandboxes }, 'All sandboxes are scraped again');
  }
}

function logRootState(state: RootState, before: RootState | undefined, log: Log): void {
  const { root, look, code, watch } = state;
  if (look === 'unreadable') {
    log.warn({ root, code, problem: shortages[code ?? ''] }, 'Cannot read the sandboxes root');
  } else if (look !== before?.look) {
    log.info({ root }, look === 'read' ? 'Looking for sandboxes' : 'Sandboxes root does not exist yet');
  }
  if (watch?.kind === 'none') {
    log.warn(
      { root, code: watch.code, problem: watchShortages[watch.code] },
      'Cannot watch the sandboxes root: new sandboxes are found only by periodic reads',
    );
  } else if (watch !== undefined && before?.watch?.kind === 'none') {
    log.info({ root }, 'Watching the sandboxes root again');
  }
}

/** Shortages of this process and machine, by error code. */
const shortages: Readonly<Record<string, string>> = {
  EAGAIN: 'this machine has no resources left',
  EMFILE: 'this process has no file descriptor left',
  ENFILE: 'this machine has no file descriptor left',
  ENOMEM: 'this machine has no memory left',
};

/** inotify(7). */
const watchShortages: Readonly<Record<string, string>> = {
  ...shortages,
  EMFILE: 'this user has no inotify instance left (fs.inotify.max_user_instances), or this process no file descriptor',
  ENOSPC: 'this user has no inotify watch left (fs.inotify.max_user_watches)',
};
