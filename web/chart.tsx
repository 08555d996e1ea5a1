/**
 * A chart over time, by uPlot. All charts of a sandbox share one time axis, the cursor and the zoom.
 */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

export interface ChartSeries {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** A limit is a dashed line. */
  readonly isLimit?: boolean;
}

export interface ChartProps {
  readonly title: string;
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number | null | undefined) => string;
  /** Distances between the lines of the grid, for units that do not grow by tens. */
  readonly increments?: number[] | undefined;
  readonly from: number;
  readonly to: number;
  /** Called with the range that a person has selected, or undefined to end it. */
  readonly onZoom: (range: { readonly from: number; readonly to: number } | undefined) => void;
}

const HEIGHT = 160;
/** For `1023.9 KiB/s`. */
const AXIS_WIDTH = 88;
/** Below the chart, for the times. */
const AXIS_HEIGHT = 30;
const TIME_WIDTH = 70;
const COLOURS = 7;

function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hourCycle: 'h23' });
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function Chart({ title, times, series, format, increments, from, to, onZoom }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const range = useRef({ from, to });
  const zoom = useRef(onZoom);
  range.current = { from, to };
  zoom.current = onZoom;
  const labels = series.map(({ label }) => label).join('\n');

  // Made again only for other series.
  useEffect(() => {
    const box = place.current;
    if (box === null) {
      return undefined;
    }
    const axis = { stroke: () => colour('--text-2'), grid: { stroke: () => colour('--line'), width: 1 } };
    const options: uPlot.Options = {
      width: box.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { sync: { key: 'sandbox' }, drag: { x: true, y: false, setScale: false } },
      scales: {
        x: { time: true, range: () => [range.current.from, range.current.to] },
        y: { range: (_self, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
      },
      axes: [
        { ...axis, size: AXIS_HEIGHT, space: TIME_WIDTH, values: (_self, splits) => splits.map(formatTime) },
        {
          ...axis,
          size: AXIS_WIDTH,
          values: (_self, splits) => splits.map((value) => format(value)),
          ...(increments === undefined ? {} : { incrs: increments }),
        },
      ],
      series: [
        {},
        ...series.map(({ label, isLimit }, i) => ({
          label,
          stroke: () => colour(isLimit === true ? '--limit' : `--c${(i % COLOURS) + 1}`),
          width: 1.5,
          spanGaps: false,
          points: { show: false },
          ...(isLimit === true ? { dash: [6, 4] } : {}),
        })),
      ],
      hooks: {
        setSelect: [
          (self) => {
            if (self.select.width > 2) {
              const left = self.posToVal(self.select.left, 'x');
              zoom.current({ from: left, to: self.posToVal(self.select.left + self.select.width, 'x') });
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            }
          },
        ],
      },
    };
    const made = new uPlot(options, [[], ...series.map(() => [])], box);
    plot.current = made;
    const onDoubleClick = (): void => zoom.current(undefined);
    made.over.addEventListener('dblclick', onDoubleClick);
    const resize = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT }));
    resize.observe(box);
    const theme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => made.redraw();
    theme.addEventListener('change', redraw);
    return () => {
      theme.removeEventListener('change', redraw);
      resize.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [labels]);

  useEffect(() => {
    plot.current?.setData([[...times], ...series.map(({ values }) => [...values])]);
  });

  const last = (values: readonly (number | null)[]): string => format(values.at(-1));
  const described = series.map(({ label, values }) => `${label} ${last(values)}`).join(', ');
  return (
    <div class="chart" data-chart={title}>
      <ul class="legend" aria-hidden="true">
        {series.map(({ label, values, isLimit }, i) => (
          <li key={label} class={isLimit === true ? 'limit' : `c${(i % COLOURS) + 1}`}>
            {label} <b>{last(values)}</b>
          </li>
        ))}
      </ul>
      <div ref={place} role="img" aria-label={`${title}: ${described}`} />
    </div>
  );
}
