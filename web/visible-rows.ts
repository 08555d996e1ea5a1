/**
 * Selects the visible rows of a long table, and a few around them. Pure.
 */

/** Rows above and below those in sight, so that scrolling does not show gaps. */
const MARGIN = 12;
/** The rows change only when a person has scrolled over so many of them, not in each frame. */
const BLOCK = 4;

export interface Sight {
  /** Pixels that are scrolled out of sight. */
  readonly top: number;
  readonly height: number;
  readonly count: number;
  readonly rowHeight: number;
}

/** `from` to before `to`. */
export function visibleRows({ top, height, count, rowHeight }: Sight): { readonly from: number; readonly to: number } {
  const first = Math.min(toBlock(top, rowHeight) / rowHeight, Math.max(0, count - 1));
  const from = Math.max(0, first - MARGIN);
  return { from, to: Math.min(count, first + BLOCK + Math.ceil(height / rowHeight) + MARGIN) };
}

/** The largest `top` before this one that has other rows. */
export function toBlock(top: number, rowHeight: number): number {
  return top - (top % (BLOCK * rowHeight));
}
