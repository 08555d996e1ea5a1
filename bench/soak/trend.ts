/**
 * Whether successive measurements rise: a straight line through them by least squares, and how sure its slope is.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Trend {
  /** By how much y grows from the first x to the last, by the line. */
  readonly growth: number;
  /** The least growth that is likely: the slope less twice its standard error. */
  readonly sureGrowth: number;
}

/** Points sorted by x, at least three. */
export function findTrend(points: readonly Point[]): Trend {
  if (points.length < 3) {
    throw new RangeError(`A trend needs at least 3 points, got ${points.length}`);
  }
  const meanX = meanOf(points.map(({ x }) => x));
  const meanY = meanOf(points.map(({ y }) => y));
  const spreadX = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spreadX;
  const residue = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const standardError = Math.sqrt(residue / (points.length - 2) / spreadX);
  const span = points.at(-1)!.x - points[0]!.x;
  return { growth: slope * span, sureGrowth: (slope - 2 * standardError) * span };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
