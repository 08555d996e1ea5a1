/**
 * Where `top` gets the sandboxes from: this node, or a monitor.
 */
import type { SandboxDetail, Snapshot } from '../../api/index.ts';
import type { SandboxRates } from '../../view/index.ts';

export interface NodeSource {
  /**
   * `detailId`: the sandbox whose details are needed too.
   * @throws {CliError} when the sandboxes cannot be read
   * @throws the signal's reason
   */
  read(signal: AbortSignal, detailId?: string): Promise<TopReading>;
  close(): void;
}

export interface TopReading {
  readonly snapshot: Snapshot;
  /** By id, if the source knows them; otherwise they are computed from two readings. */
  readonly rates?: ReadonlyMap<string, SandboxRates>;
  /** Undefined when none was requested, or the sandbox is gone. */
  readonly detail: SandboxDetail | undefined;
}
