/**
 * A small line without axes: the last minutes of one value. Hidden from screen readers, which get the value as text.
 */

const WIDTH = 60;
const HEIGHT = 18;
/** Coordinates are whole numbers, a quarter of a pixel each: a table has hundreds of lines. */
const SCALE = 4;

export interface SparkProps {
  readonly values: readonly (number | null)[];
  /** Below a number, over the whole width of its cell; otherwise beside it. */
  readonly isBelow?: boolean;
  /** The top of the line, if the values have a limit; otherwise the largest value. */
  readonly max?: number | undefined;
}

export function Spark({ values, max, isBelow = false }: SparkProps) {
  const top = max ?? Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
  return (
    <svg
      class={isBelow ? 'spark below' : 'spark'}
      viewBox={`0 0 ${WIDTH * SCALE} ${HEIGHT * SCALE}`}
      preserveAspectRatio="none"
      width={WIDTH}
      height={HEIGHT}
      aria-hidden="true"
    >
      <path d={toPath(values, top)} />
    </svg>
  );
}

/** Pure. Unknown values are gaps. */
export function toPath(values: readonly (number | null)[], top: number): string {
  const step = values.length < 2 ? 0 : (SCALE * WIDTH) / (values.length - 1);
  const height = SCALE * (HEIGHT - 2);
  let path = '';
  let isPenDown = false;
  for (const [i, value] of values.entries()) {
    if (value === null) {
      isPenDown = false;
    } else {
      const y = SCALE + height - Math.min(1, Math.max(0, value / top)) * height;
      path += `${isPenDown ? 'L' : 'M'}${Math.round(i * step)} ${Math.round(y)}`;
      isPenDown = true;
    }
  }
  return path;
}
