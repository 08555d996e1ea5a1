/**
 * Properties of an output stream: whether its text can be overwritten, and its size.
 */

export interface ScreenStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Whether the stream is a terminal that understands control sequences. */
export function isScreen({ isTTY }: ScreenStream): boolean {
  return isTTY === true && process.env['TERM'] !== 'dumb';
}

/**
 * Size in characters and lines. Serial lines, and terminals that another program has opened, often report 0: the size is
 * unknown.
 */
export function sizeOf({ columns, rows }: ScreenStream): { readonly columns: number; readonly rows: number } {
  return { columns: columns || 80, rows: rows || 24 };
}
