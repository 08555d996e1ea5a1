/**
 * What the program gives its commands.
 */
export interface CliProgram {
  /** Of the package. */
  readonly version: string;
  /** The kata-shim of this package: a command and its first arguments. */
  readonly shimCommand: readonly string[];
}
