/**
 * The table of sandboxes: sorted, filtered, and with only the rows that are in sight, so that thousands cost the same.
 */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type ColumnKey, columnsOf, findColumn, sandboxName, selectRows } from '../src/view/index.ts';
import type { ChangeView } from './app.tsx';
import type { Field, History, HistoryRow } from './history.ts';
import { formatView, type View } from './link.ts';
import type { Live } from './live.ts';
import { Spark } from './spark.tsx';
import { StateBadge } from './state-badge.tsx';
import { toShown } from './text.ts';
import { toBlock, visibleRows } from './visible-rows.ts';

/** As in app.css. */
const ROW_HEIGHT = 36;
/** Two minutes. */
const SPARK_POINTS = 60;
/** Without an event of scrolling for this long, a person has stopped. */
const REST_MS = 200;
/** One minute. */
const LINE_POINTS = 30;

type ShownColumn = ReturnType<typeof columnsOf>[number];

interface TableViewProps {
  readonly live: Live;
  readonly view: View;
  readonly changeView: ChangeView;
}

export function TableView({ live, view, changeView }: TableViewProps) {
  const all = live.history.rows();
  const byId = new Map(all.map((row) => [row.status.id, row]));
  const selected = selectRows(all, view, { key: view.sort, isDescending: view.isDescending });
  const rows = selected.flatMap(({ status }) => byId.get(status.id) ?? []);
  return (
    <section aria-label="Sandboxes">
      <Filters view={view} changeView={changeView} rows={all} shownCount={rows.length} />
      <Rows live={live} view={view} changeView={changeView} rows={rows} />
      {rows.length === 0 && (
        <p class="note">{all.length === 0 ? `No sandboxes ${live.history.place}.` : 'No sandbox matches.'}</p>
      )}
    </section>
  );
}

interface FiltersProps {
  readonly view: View;
  readonly changeView: ChangeView;
  readonly rows: readonly HistoryRow[];
  readonly shownCount: number;
}

function Filters({ view, changeView, rows, shownCount }: FiltersProps) {
  const namespaces = [...new Set([...rows.map(({ status }) => status.namespace), view.namespace])]
    .filter((namespace) => namespace !== null && namespace !== undefined)
    .sort();
  return (
    <div class="filters">
      <label>
        Filter{' '}
        <input
          type="search"
          placeholder="pod, id, state or reason"
          value={view.text}
          onInput={(event) => changeView({ text: event.currentTarget.value })}
        />
      </label>
      {namespaces.length > 0 && (
        <label>
          Namespace{' '}
          <select
            value={view.namespace ?? ''}
            onChange={({ currentTarget: { value } }) => changeView({ namespace: value === '' ? undefined : value })}
          >
            <option value="">all</option>
            {namespaces.map((namespace) => (
              <option key={namespace} value={namespace}>
                {toShown(namespace)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        <input
          type="checkbox"
          checked={view.isUnhealthyOnly}
          onChange={(event) => changeView({ isUnhealthyOnly: event.currentTarget.checked })}
        />{' '}
        Only unhealthy
      </label>
      <span class="count">
        {shownCount} of {rows.length}
      </span>
    </div>
  );
}

/** `isMoving`: while a person scrolls. It renders nothing by itself; the end of it does, by the next number of `rests`. */
function useScroll() {
  const element = useRef<HTMLDivElement>(null);
  const isMoving = useRef(false);
  const [scroll, setScroll] = useState({ top: 0, height: 800 });
  const [rests, setRests] = useState(0);
  useEffect(() => {
    const box = element.current;
    if (box === null) {
      return undefined;
    }
    const read = (): void => {
      const now = { top: toBlock(box.scrollTop, ROW_HEIGHT), height: box.clientHeight };
      // Nothing is rendered again for the same rows.
      setScroll((before) => (before.top === now.top && before.height === now.height ? before : now));
    };
    let resting: number | undefined;
    const move = (): void => {
      isMoving.current = true;
      clearTimeout(resting);
      resting = window.setTimeout(() => {
        isMoving.current = false;
        setRests((before) => before + 1);
      }, REST_MS);
      read();
    };
    const observer = new ResizeObserver(read);
    observer.observe(box);
    box.addEventListener('scroll', move, { passive: true });
    return () => {
      clearTimeout(resting);
      observer.disconnect();
      box.removeEventListener('scroll', move);
    };
  }, []);
  return { element, scroll, isMoving, rests };
}

interface RowsProps extends TableViewProps {
  readonly rows: readonly HistoryRow[];
}

function Rows({ live, view, changeView, rows }: RowsProps) {
  const { element, scroll, isMoving, rests } = useScroll();
  const shownColumns = columnsOf({ hasNodes: live.history.hasNodes, isWide: false });
  const { from, to } = visibleRows({ ...scroll, count: rows.length, rowHeight: ROW_HEIGHT });
  // While a person scrolls, only the rows that come into sight are rendered, and without the lines that they could not see.
  const made = useMemo(() => new Map<number, JSX.Element>(), [rows, view, live, rests]);
  const fixed = { view, history: live.history, columns: shownColumns, hasLines: !isMoving.current };
  const rendered = rows.slice(from, to).map((row, i) => {
    const index = from + i;
    const element = made.get(index) ?? <Row key={row.status.id} row={row} index={index} {...fixed} />;
    made.set(index, element);
    return element;
  });
  const focusRow = (index: number): void => {
    const box = element.current;
    const target = Math.min(rows.length - 1, Math.max(0, index));
    if (box === null || rows.length === 0) {
      return;
    }
    const top = target * ROW_HEIGHT;
    if (top < box.scrollTop || top + 2 * ROW_HEIGHT > box.scrollTop + box.clientHeight) {
      box.scrollTop = Math.max(0, top - box.clientHeight / 2);
    }
    // After the rows in sight have been rendered.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => box.querySelector<HTMLElement>(`tr[data-index="${target}"] a`)?.focus()),
    );
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { target } = event;
      const row = target instanceof Element ? target.closest<HTMLElement>('tr[data-index]') : null;
      if (isModified(event) || (row === null && target !== document.body)) {
        return;
      }
      const at = row === null ? -1 : Number(row.dataset['index']);
      const page = Math.max(1, Math.floor(scroll.height / ROW_HEIGHT) - 1);
      const steps: Readonly<Record<string, number>> = {
        ArrowDown: at + 1,
        j: at + 1,
        ArrowUp: at - 1,
        k: at - 1,
        PageDown: at + page,
        PageUp: at - page,
        Home: 0,
        End: rows.length - 1,
      };
      const next = steps[event.key];
      if (next !== undefined) {
        event.preventDefault();
        focusRow(next);
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });
  return (
    <div class="rows" ref={element}>
      <table aria-rowcount={rows.length + 1} class={live.history.hasNodes ? 'of-nodes' : ''}>
        <colgroup>
          {shownColumns.map(({ key }) => (
            <col key={key} class={`c-${key}`} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {shownColumns.map((column) => (
              <Heading key={column.key} column={column} view={view} changeView={changeView} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer height={from * ROW_HEIGHT} columnCount={shownColumns.length} />
          {rendered}
          <Spacer height={(rows.length - to) * ROW_HEIGHT} columnCount={shownColumns.length} />
        </tbody>
      </table>
    </div>
  );
}

function Spacer({ height, columnCount }: { readonly height: number; readonly columnCount: number }) {
  return height <= 0 ? null : (
    <tr class="spacer">
      <td colSpan={columnCount} style={{ height: `${height}px` }} />
    </tr>
  );
}

interface HeadingProps {
  readonly column: ShownColumn;
  readonly view: View;
  readonly changeView: ChangeView;
}

function Heading({ column: { key, title, about, isNumber }, view, changeView }: HeadingProps) {
  const isSorted = view.sort === key;
  const direction = view.isDescending ? 'descending' : 'ascending';
  const sort = (): void => changeView({ sort: key, isDescending: isSorted ? !view.isDescending : isNumber });
  return (
    <th scope="col" class={`c-${key}${isNumber ? ' number' : ''}`} aria-sort={isSorted ? direction : 'none'}>
      <button type="button" title={about} onClick={sort}>
        {toHeading(title)}
        <span aria-hidden="true">{isSorted ? (view.isDescending ? ' ▼' : ' ▲') : ''}</span>
      </button>
    </th>
  );
}

/** `Host mem` for `HOST MEM`. */
function toHeading(title: string): string {
  return title === 'CPU' ? title : title.charAt(0) + title.slice(1).toLowerCase();
}

function isModified({ ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return ctrlKey || metaKey || altKey;
}

/** What the line below a number shows. CPU and memory have their own. */
const lines: Partial<Record<ColumnKey, readonly Field[]>> = {
  host: ['hostMemory'],
  overhead: ['overhead'],
  network: ['receive', 'transmit'],
  disk: ['read', 'written'],
  agent: ['agent'],
};

interface RowProps {
  readonly row: HistoryRow;
  readonly index: number;
  readonly view: View;
  readonly history: History;
  readonly columns: readonly ShownColumn[];
  readonly hasLines: boolean;
}

function Row({ row, index, view, history, columns, hasLines }: RowProps) {
  const { status, goneSeconds } = row;
  const isGone = goneSeconds !== undefined;
  const name = toShown(sandboxName(status));
  const cells: Partial<Record<ColumnKey, JSX.Element>> = {
    pod: (
      <a href={formatView({ ...view, sandbox: status.id })} title={status.pod === null ? status.id : name}>
        {name}
      </a>
    ),
    state: <StateBadge status={status} isGone={isGone} />,
    cpu: (
      <>
        <Spark values={history.series(status.id, 'cpu', SPARK_POINTS)} max={status.cpu.cores ?? undefined} />
        <span>{findColumn('cpu')?.text(row)}</span>
      </>
    ),
    memory: <Memory row={row} history={hasLines ? history : undefined} text={findColumn('memory')?.text(row) ?? ''} />,
  };
  return (
    <tr aria-rowindex={index + 2} data-index={index} data-id={status.id} class={isGone ? 'gone' : ''}>
      {columns.map(({ key, isNumber, text }) => (
        <td key={key} class={`c-${key}${isNumber ? ' number' : ''}`} data-column={key}>
          {cells[key] ?? toShown(text(row))}
          {hasLines && lines[key] !== undefined && (
            <Spark values={history.sums(status.id, lines[key], LINE_POINTS)} isBelow />
          )}
        </td>
      ))}
    </tr>
  );
}

interface MemoryProps {
  readonly row: HistoryRow;
  /** With it, there is a line. */
  readonly history: History | undefined;
  readonly text: string;
}

function Memory({ row: { status }, history, text }: MemoryProps) {
  const { workingSetBytes: used, totalBytes: total } = status.memory;
  const share = used === null || total === null || total <= 0 ? undefined : Math.min(1, used / total);
  return (
    <>
      {share !== undefined && (
        <span class={`bar${share > 0.9 ? ' full' : ''}`} aria-hidden="true">
          <span style={{ width: `${(100 * share).toFixed(1)}%` }} />
        </span>
      )}
      <span>{text}</span>
      {history !== undefined && (
        <Spark values={history.series(status.id, 'memory', LINE_POINTS)} max={total ?? undefined} isBelow />
      )}
    </>
  );
}
