/**
 * The mailboxes of this node's sandboxes roots, and the directory of the state: created, opened and owned as soon as
 * possible, because a root may be missing until the first sandbox starts.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { closeMailbox, isMailboxOpen, mailboxOf, openMailbox } from '../../last-words/index.ts';
import { type OwnDirectory, ownDirectory } from './own-directory.ts';

export interface MailboxesOptions {
  readonly roots: readonly string[];
  /** Default, also if it cannot be used: the mailbox of the first root that has a state, else of the first that has one. */
  readonly stateDirectory: string | undefined;
  readonly hasState: (directory: string) => boolean;
  readonly onProblem: (message: string) => void;
}

export class Mailboxes {
  readonly #options: MailboxesOptions;
  readonly #open = new Map<string, OwnDirectory>();
  readonly #problems = new Set<string>();
  #state: OwnDirectory | undefined;

  constructor(options: MailboxesOptions) {
    this.#options = options;
  }

  /** Paths of those that this monitor owns. */
  get paths(): readonly string[] {
    return [...this.#open.keys()];
  }

  get isEveryOneOpen(): boolean {
    return this.#open.size === this.#options.roots.length;
  }

  /** Path of the state file; undefined if there is none. */
  get statePath(): string | undefined {
    return this.#state?.path;
  }

  /**
   * Opens what is not open yet, where its root exists, and again what was removed.
   * @returns whether the directory of the state was removed. Never rejects.
   */
  async openAll(): Promise<boolean> {
    const { roots, stateDirectory } = this.#options;
    const isStateLost = this.#leaveRemoved();
    if (stateDirectory !== undefined && this.#state === undefined) {
      await this.#try(async () => {
        mkdirSync(stateDirectory, { recursive: true });
        this.#state = await ownDirectory(stateDirectory);
      });
    }
    for (const root of roots) {
      const path = mailboxOf(root);
      if (!this.#open.has(path) && existsSync(root)) {
        await this.#try(async () => {
          const mailbox = await ownDirectory(path);
          this.#open.set(path, mailbox);
          openMailbox(path);
        });
      }
    }
    const [first] = this.paths;
    if (this.#state === undefined && first !== undefined) {
      this.#state = this.#open.get(this.paths.find(this.#options.hasState) ?? first);
    }
    return isStateLost;
  }

  /** A root may be removed with everything in it, and shims make it again. Returns whether the state was in it. */
  #leaveRemoved(): boolean {
    const before = this.#state;
    for (const root of this.#options.roots) {
      const path = mailboxOf(root);
      const mailbox = this.#open.get(path);
      if (mailbox !== undefined && !isMailboxOpen(root)) {
        mailbox.close();
        this.#open.delete(path);
        this.#state = this.#state === mailbox ? undefined : this.#state;
      }
    }
    if (this.#state !== undefined && !existsSync(this.#state.path)) {
      this.#state.close();
      this.#state = undefined;
    }
    return before !== this.#state;
  }

  /** Releases the mailboxes. They stay open to shims, because another monitor will read them. */
  close(): void {
    for (const directory of new Set([...this.#open.values(), this.#state])) {
      directory?.close();
    }
    this.#open.clear();
    this.#state = undefined;
  }

  async #try(open: () => Promise<void>): Promise<void> {
    try {
      await open();
    } catch (error) {
      const message = (error as Error).message;
      if (!this.#problems.has(message)) {
        this.#problems.add(message);
        this.#options.onProblem(message);
      }
    }
  }
}

/** Tells shims that no last words are wanted, unless another monitor takes them. Never rejects. */
export async function closeMailboxes(roots: readonly string[]): Promise<void> {
  for (const root of roots) {
    const path = mailboxOf(root);
    if (existsSync(path)) {
      try {
        const mailbox = await ownDirectory(path);
        closeMailbox(path);
        mailbox.close();
      } catch {
        // Another monitor's, or not for us to change.
      }
    }
  }
}
