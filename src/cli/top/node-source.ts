/**
 * Where `top` gets the sandboxes from: this node, a monitor, or a Prometheus.
 */
import type { SandboxDetail, Snapshot } from '../../api/index.ts';

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
  /** Undefined when none was requested, or the sandbox is gone. */
  readonly detail: SandboxDetail | undefined;
}
