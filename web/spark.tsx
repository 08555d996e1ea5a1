/**
 * A small line without axes: the last minutes of one value. Hidden from screen readers, which get the value as text.
 */

const WIDTH = 60;
const HEIGHT = 18;

export interface SparkProps {
  readonly values: readonly (number | null)[];
  /** The top of the line, if the values have a limit; otherwise the largest value. */
  readonly max?: number | undefined;
}

export function Spark({ values, max }: SparkProps) {
  const top = max ?? Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      <path d={toPath(values, top)} />
    </svg>
  );
}

/** Pure. Unknown values are gaps. */
export function toPath(values: readonly (number | null)[], top: number): string {
  const step = values.length < 2 ? 0 : WIDTH / (values.length - 1);
  let path = '';
  let isPenDown = false;
  for (const [i, value] of values.entries()) {
    if (value === null) {
      isPenDown = false;
    } else {
      const y = HEIGHT - 1 - Math.min(1, Math.max(0, value / top)) * (HEIGHT - 2);
      path += `${isPenDown ? 'L' : 'M'}${(i * step).toFixed(1)} ${y.toFixed(1)}`;
      isPenDown = true;
    }
  }
  return path;
}
