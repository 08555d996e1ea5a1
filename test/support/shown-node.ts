/**
 * What the page of a monitor shows in a real browser, together with the snapshot that it shows.
 */
import type { Browser, Page } from 'playwright-core';
import type { Snapshot } from '../../src/api/index.ts';
import { BROWSER_TIMEOUT_MS } from './chromium.ts';

export interface Shown {
  /** Counts the snapshots that the page has got. */
  readonly number: number;
  readonly snapshot: Snapshot;
  /** The one before, which rates are measured from. */
  readonly previous: Snapshot | null;
  /** The text of each cell by the id of the sandbox and the column. */
  readonly cells: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface ShownNode {
  readonly page: Page;
  /** Resolves with the next snapshot, after the page has shown it. */
  next(): Promise<Shown>;
}

/** Code for the page is text: the types of this repository are those of Node.js. */
const record = `
  const shown = { number: 0, previous: null, resolve: () => undefined };
  globalThis.nextShown = () => new Promise((resolve) => { shown.resolve = resolve; });
  const readCells = () => Object.fromEntries(Array.from(document.querySelectorAll('tr[data-id]'), (row) => [
    row.dataset.id,
    Object.fromEntries(Array.from(row.querySelectorAll('td[data-column]'), (cell) => [cell.dataset.column, cell.textContent])),
  ]));
  const afterFrames = (count, then) => count === 0 ? then() : requestAnimationFrame(() => afterFrames(count - 1, then));
  globalThis.EventSource = class extends EventSource {
    constructor(url) {
      super(url);
      this.addEventListener('snapshot', ({ data }) => {
        const number = ++shown.number;
        // One to read the snapshot, one to show it; the next one is seconds away.
        afterFrames(4, () => {
          const snapshot = JSON.parse(data);
          shown.resolve({ number, snapshot, previous: shown.previous, cells: readCells() });
          shown.previous = snapshot;
        });
      });
    }
  };
`;

export async function openShownNode(browser: Browser, url: string): Promise<ShownNode> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(BROWSER_TIMEOUT_MS);
  await page.addInitScript(record);
  await page.goto(url);
  await page.waitForSelector('tr[data-index]');
  return { page, next: () => page.evaluate<Shown>('nextShown()') };
}
