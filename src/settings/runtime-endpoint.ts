/**
 * Parses the address of the container manager: a bare path, `unix:///path` and `unix:/path` all mean the same socket.
 */

/** The absolute path; undefined when the text names none. */
export function parseRuntimeEndpoint(text: string): string | undefined {
  const path = /^(?:unix:(?:\/\/)?)?(\/[^/\0][^\0]*)$/.exec(text)?.[1];
  return path?.endsWith('/') === true ? undefined : path;
}
