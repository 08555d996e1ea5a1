/**
 * Reports by inotify that a root may have changed: the root itself, or its nearest existing parent while it is missing.
 * The watcher only triggers a look, so a lost event costs time but never causes a wrong result. (When the queue of the
 * kernel overflows, Node.js passes on the events before the gap and hides the gap itself: every event means a full look.)
 */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isId } from '../ids/index.ts';

export type RootWatchState =
  | { readonly kind: 'root' }
  /** The root is missing; a parent is watched. */
  | { readonly kind: 'parent'; readonly path: string }
  /** No inotify watch to be had, the usual code being ENOSPC or EMFILE: only the periodic look is left. */
  | { readonly kind: 'none'; readonly code: string };

/** A path that appears or vanishes between two looks moves the target; so often in a row it does not happen by chance. */
const MAX_ATTEMPTS = 8;

interface Target {
  readonly path: string;
  /** Tells a directory from another one of the same name. */
  readonly identity: string;
  /** The entry in it that leads to the root; undefined for the root itself. */
  readonly child: string | undefined;
}

export class RootWatch {
  readonly #root: string;
  readonly #onEvent: () => void;
  #watcher: FSWatcher | undefined;
  #target: Target | undefined;
  /** The watched directory itself may be gone or moved. */
  #isStale = false;

  /** `root` is absolute; `onEvent` is called for every event that may matter. */
  constructor(root: string, onEvent: () => void) {
    this.#root = root;
    this.#onEvent = onEvent;
  }

  /** Sees to it that the right directory is watched. To be called before each look, so that nothing falls in between. */
  attach(): RootWatchState {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const target = findTarget(this.#root);
      const isWatched = this.#watcher !== undefined && !this.#isStale;
      if (isWatched && this.#target?.path === target.path && this.#target.identity === target.identity) {
        return target.child === undefined ? { kind: 'root' } : { kind: 'parent', path: target.path };
      }
      const code = this.#watch(target);
      if (code !== undefined && code !== 'ENOENT') {
        return { kind: 'none', code };
      }
    }
    return { kind: 'none', code: 'ENOENT' };
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Gives back an error's code. */
  #watch(target: Target): string | undefined {
    this.close();
    this.#target = target;
    this.#isStale = false;
    try {
      const watcher = watch(target.path, { persistent: false }, (event, name) => this.#take(event, name, target));
      watcher.on('error', () => {
        // Whatever it was, the watch cannot be trusted any more; the next look makes a new one.
        this.#isStale = true;
        this.#onEvent();
      });
      this.#watcher = watcher;
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  #take(event: string, name: string | null, target: Target): void {
    if (event !== 'rename') {
      // Contents and permissions: they change nothing about which entries there are. (Those of a directory are called
      // 'rename' as well, by libuv, and cost a look that finds nothing.)
      return;
    }
    if (name === null || name === basename(target.path)) {
      // Removed or moved away itself; an entry of the same name only costs a new watch.
      this.#isStale = true;
      this.#onEvent();
    } else if (target.child === undefined ? isId(name) : name === target.child) {
      this.#onEvent();
    }
  }
}

/** The root, or the nearest of its parents that is a directory. Synchronous: on /run that is 3 us, a trip to the thread pool 60. */
function findTarget(root: string): Target {
  let child: string | undefined;
  let path = root;
  for (;;) {
    const identity = identityOf(path);
    if (identity !== undefined || path === '/') {
      return { path, identity: identity ?? 'unknown', child };
    }
    child = basename(path);
    path = dirname(path);
  }
}

/** Undefined when there is no such directory, or none that may be seen. */
function identityOf(path: string): string | undefined {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    // Some file systems give a number again at once; the time of birth tells the two apart.
    return stat?.isDirectory() === true ? `${stat.dev}:${stat.ino}:${stat.birthtimeNs}` : undefined;
  } catch {
    // ENOTDIR, EACCES, ELOOP: nothing to watch here.
    return undefined;
  }
}
