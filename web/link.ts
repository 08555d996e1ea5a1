/**
 * The view of the page as the part of its address after `#`: a link contains the whole view. Pure.
 */
import { type ColumnKey, findColumn } from '../src/view/index.ts';

/** Seconds of history that charts can show. */
export const ranges = [60, 300, 600] as const;

export interface View {
  /** The id of the sandbox that is shown; undefined for the table. */
  readonly sandbox: string | undefined;
  readonly sort: ColumnKey;
  readonly isDescending: boolean;
  readonly text: string;
  readonly namespace: string | undefined;
  readonly isUnhealthyOnly: boolean;
  readonly range: (typeof ranges)[number];
}

/** Unhealthy sandboxes first. */
export const defaultView: View = {
  sandbox: undefined,
  sort: 'state',
  isDescending: true,
  text: '',
  namespace: undefined,
  isUnhealthyOnly: false,
  range: 300,
};

/** Ignores what it does not know, so that links of other versions work. */
export function parseView(hash: string): View {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const parameters = new URLSearchParams(query);
  const sandbox = /^\/sandbox\/([A-Za-z0-9._-]{1,128})$/.exec(path)?.[1];
  const sort = parameters.get('sort') ?? '';
  const column = findColumn(sort.replace(/^-/, ''));
  const range = ranges.find((each) => each === Number(parameters.get('range')));
  return {
    sandbox,
    sort: column?.key ?? defaultView.sort,
    isDescending: column === undefined ? defaultView.isDescending : sort.startsWith('-'),
    text: parameters.get('q') ?? '',
    namespace: parameters.get('namespace') ?? undefined,
    isUnhealthyOnly: parameters.get('unhealthy') === '1',
    range: range ?? defaultView.range,
  };
}

/** Begins with `#`; has only what differs from the default. */
export function formatView(view: View): string {
  const parameters = new URLSearchParams();
  if (view.sort !== defaultView.sort || view.isDescending !== defaultView.isDescending) {
    parameters.set('sort', `${view.isDescending ? '-' : ''}${view.sort}`);
  }
  if (view.text !== '') {
    parameters.set('q', view.text);
  }
  if (view.namespace !== undefined) {
    parameters.set('namespace', view.namespace);
  }
  if (view.isUnhealthyOnly) {
    parameters.set('unhealthy', '1');
  }
  if (view.range !== defaultView.range) {
    parameters.set('range', String(view.range));
  }
  const path = view.sandbox === undefined ? '/' : `/sandbox/${view.sandbox}`;
  return `#${path}${parameters.size === 0 ? '' : `?${parameters}`}`;
}
