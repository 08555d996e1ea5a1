/**
 * What the program passes to its commands.
 */
export interface CliProgram {
  /** Version of the package. */
  readonly version: string;
  /** The kata-shim of this package: a command and its first arguments. */
  readonly shimCommand: readonly string[];
  /** The shell command that starts kata-metrics in the current directory. */
  readonly selfCommand: string;
}
