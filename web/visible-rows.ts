/**
 * Which rows of a long table are in sight, and a few around them. Pure.
 */

/** Rows above and below those in sight, so that scrolling does not show gaps. */
const MARGIN = 12;

export interface Sight {
  /** Pixels that are scrolled out of sight. */
  readonly top: number;
  readonly height: number;
  readonly count: number;
  readonly rowHeight: number;
}

/** `from` to before `to`. */
export function visibleRows({ top, height, count, rowHeight }: Sight): { readonly from: number; readonly to: number } {
  const first = Math.min(Math.floor(top / rowHeight), Math.max(0, count - 1));
  const from = Math.max(0, first - MARGIN);
  return { from, to: Math.min(count, first + Math.ceil(height / rowHeight) + MARGIN) };
}
