/**
 * What a sandbox id may look like. Ids come from directory names and from queries; nothing that does not pass here ever
 * becomes part of a file path.
 */

/** Normally 64 hexadecimal digits; container managers other than containerd use names. */
const sandboxId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Whether `text` is a sandbox id: no separator, no leading dot, at most 128 characters. */
export function isSandboxId(text: string): boolean {
  return sandboxId.test(text);
}
