/**
 * What the program gives its commands.
 */
export interface CliProgram {
  /** Of the package. */
  readonly version: string;
  /** The kata-shim of this package: a command and its first arguments. */
  readonly shimCommand: readonly string[];
  /** How a person at this place starts kata-metrics, as the shell reads it. */
  readonly selfCommand: string;
}
