/**
 * The page in a real browser: over sandboxes that are processes, and over shims of the test, whose values are known.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildSourcePage, MAX_PAGE_BYTES } from '../../scripts/build-page.ts';
import type { Snapshot } from '../../src/api/index.ts';
import { formatBytes } from '../../src/view/index.ts';
import { BROWSER_TIMEOUT_MS, startChromium } from '../support/chromium.ts';
import { answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { type LiveNode, startLiveNode } from '../support/live-node.ts';
import { missingPackages } from '../support/requirements.ts';

const body = await readFile(join(import.meta.dirname, '../fixtures/bodies/kata-shim.metrics.txt'), 'utf8');
const hostile = '<img src=x onerror=alert(1)>\u202e&amp;';
/** Enough that most rows are out of sight. */
const MANY = 100;

/** A body with its own memory, so that sorting shows. */
function bodyWith(memTotalBytes: number): string {
  return body.replace(/(kata_guest_meminfo\{item="mem_total"\}) .*/, `$1 ${memTotalBytes}`);
}

describe.skipIf(missingPackages(['chromium']).length > 0)('the page', () => {
  let browser: Browser;
  let node: LiveNode;
  let context: BrowserContext;
  let page: Page;
  let problems: string[];
  const shims: FakeShim[] = [];

  async function addShim(id: string, response: Parameters<typeof startFakeShim>[1]): Promise<FakeShim> {
    await mkdir(join(node.root, id));
    const shim = await startFakeShim(join(node.root, id, 'shim-monitor.sock'), response);
    shims.push(shim);
    return shim;
  }

  beforeAll(async () => {
    await buildSourcePage();
    [browser, node] = await Promise.all([startChromium(), startLiveNode({ ids: ['live'] })]);
    await addShim('big', answerWithLength(bodyWith(64 * 2 ** 30)));
    await addShim('fails', answerWithLength('no', { status: '500 Internal Server Error' }));
    await addShim(
      'hostile',
      answerWithLength(
        `# HELP kata_guest_x ${hostile}\n# TYPE kata_guest_x gauge\nkata_guest_x{name="${hostile}",long="${'y'.repeat(900)}"} 1\n`,
      ),
    );
    const small = answerWithLength(bodyWith(8 * 2 ** 30));
    await Promise.all(Array.from({ length: MANY }, (_, i) => addShim(`many-${String(i).padStart(3, '0')}`, small)));
  });

  afterAll(async () => {
    await Promise.all(shims.map((shim) => shim.close()));
    await node?.stop();
    await browser?.close();
  });

  beforeEach(async () => {
    problems = [];
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    context.setDefaultTimeout(BROWSER_TIMEOUT_MS);
    page = await context.newPage();
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('dialog', () => problems.push('a dialog'));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.text().includes('Content Security Policy')) {
        problems.push(message.text());
      }
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(`${node.url}/`)) {
        problems.push(`a request to ${request.url()}`);
      }
    });
  });

  afterEach(async () => {
    await context.close();
    expect(problems).toEqual([]);
  });

  const open = async (hash = ''): Promise<void> => {
    await page.goto(`${node.url}/${hash}`);
    await page.waitForSelector('tr[data-index], .chart, .states');
  };
  const cell = (id: string, column: string) => page.locator(`tr[data-id="${id}"] td[data-column="${column}"]`);
  const idsInSight = () =>
    page.locator('tr[data-index]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-id')));
  const firstInSight = async () => (await idsInSight())[0];
  const waitForText = (selector: string, text: RegExp | string) => page.locator(selector, { hasText: text }).waitFor();
  const waitForFocus = (text: string) => page.locator('a:focus', { hasText: text }).waitFor();
  /** Code for the page is text: the types of this repository are those of Node.js. */
  const setHidden = (isHidden: boolean) =>
    page.evaluate(`
      Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    `);

  it('is small, comes from the monitor only, and leaves curl its text', async () => {
    const text = await (await fetch(node.url, { headers: { accept: '*/*' } })).text();
    expect(text).toContain('/api/v1/sandboxes\n');
    let bytes = 0;
    page.on('requestfinished', (request) => {
      if (!request.url().includes('/api/')) {
        // Rejects when the page is closed before it is known.
        const count = ({ responseBodySize }: { responseBodySize: number }) => (bytes += responseBodySize);
        request.sizes().then(count, () => undefined);
      }
    });
    const response = await page.goto(node.url);
    expect((await response!.allHeaders())['content-security-policy']).toMatch(/^default-src 'self';/);
    await page.waitForSelector('tr[data-index]');
    await page.reload();
    await page.waitForSelector('tr[data-index]');
    await expect.poll(() => bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(MAX_PAGE_BYTES);
  });

  it('shows the values of the metrics, and the node', async () => {
    await open('#/?q=big');
    const metrics = await (await fetch(`${node.url}/metrics`)).text();
    const value = (name: string) => Number(new RegExp(`^${name}\\{sandbox_id="big".*\\} (.+)$`, 'm').exec(metrics)![1]);
    expect(await cell('big', 'memory').textContent()).toBe(
      `${formatBytes(value('kata_sandbox_memory_working_set_bytes'))} / ${formatBytes(value('kata_sandbox_memory_total_bytes'))}`,
    );
    expect(await cell('big', 'host').textContent()).toBe(formatBytes(value('kata_sandbox_host_memory_bytes')));
    await expect.poll(() => cell('big', 'state').textContent()).toBe('● running');
    await expect.poll(() => page.locator('.states').textContent()).toContain(`${MANY + 4} sandboxes`);
    // The values of one moment, whatever a real sandbox uses.
    const { sandboxes } = (await (await fetch(`${node.url}/api/v1/sandboxes`)).json()) as Snapshot;
    expect(sandboxes.find(({ id }) => id === 'live')!.cpu.cores).toBeGreaterThan(0);
  });

  it('shows that a shim stops, since when and why, and that it responds again', async () => {
    await open('#/sandbox/live');
    await waitForText('h2', 'running');
    await page.waitForSelector('.chart canvas');
    const { child } = node.shims.get('live')!;
    child.kill('SIGSTOP');
    try {
      await waitForText('h2', 'unresponsive timeout');
      const alert = await page.locator('main .alert').textContent();
      expect(alert).toContain('The shim does not respond in time. Since ');
      expect(alert).toContain('docs/runbooks/katasandboxdown.md');
      await waitForText('.events tr', 'unresponsive');
      const runbook = await fetch(`${node.url}/page/runbooks/katasandboxdown.md`);
      expect([runbook.status, runbook.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    } finally {
      child.kill('SIGCONT');
    }
    await waitForText('h2', '● running');
    await expect.poll(() => page.locator('main .alert').count()).toBe(0);
    await waitForText('.events tr', 'healthy');
  });

  it('sorts and filters; the link holds the view', async () => {
    await open();
    // Unhealthy ones first. The page shows it some time after the click, and a shim on a busy machine may be late for once.
    await expect.poll(firstInSight).toBe('fails');
    await page.getByRole('button', { name: 'Memory' }).click();
    await expect.poll(firstInSight).toBe('big');
    expect(await page.locator('th.c-memory').getAttribute('aria-sort')).toBe('descending');
    await page.getByRole('searchbox', { name: 'Filter' }).fill('BIG');
    await expect.poll(idsInSight).toEqual(['big']);
    await page.getByRole('searchbox', { name: 'Filter' }).fill('');
    await page.getByRole('checkbox', { name: 'Only unhealthy' }).check();
    await expect.poll(idsInSight).toEqual(['fails']);
    const other = await context.newPage();
    await other.goto(page.url());
    await other.waitForSelector('tr[data-index]');
    await expect.poll(() => other.getByRole('checkbox', { name: 'Only unhealthy' }).isChecked()).toBe(true);
    expect(await other.locator('th.c-memory').getAttribute('aria-sort')).toBe('descending');
    await other.close();
  });

  it('renders only the rows in sight', async () => {
    await open('#/?sort=pod&q=many');
    expect((await idsInSight()).length).toBeLessThan(60);
    await page.locator('.rows').evaluate((rows) => {
      rows.scrollTop = rows.scrollHeight;
    });
    await page.waitForSelector(`tr[data-id="many-${String(MANY - 1).padStart(3, '0')}"]`);
    expect((await idsInSight()).length).toBeLessThan(60);
    expect(await page.locator('.rows table').getAttribute('aria-rowcount')).toBe(String(MANY + 1));
  });

  it('is used by keyboard', async () => {
    await open('#/?sort=pod');
    await page.keyboard.press('/');
    await page.keyboard.type('many-00');
    await page.keyboard.press('Escape');
    await expect.poll(firstInSight).toBe('many-000');
    await page.keyboard.press('j');
    await waitForFocus('many-000');
    await page.keyboard.press('ArrowDown');
    await waitForFocus('many-001');
    await page.keyboard.press('Enter');
    await waitForText('h2', 'many-001');
    await page.keyboard.press('Escape');
    await page.waitForSelector('tr[data-id="many-001"]');
    await expect.poll(() => new URL(page.url()).hash).toBe('#/?sort=pod&q=many-00');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor({ state: 'visible' });
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.goBack();
    await waitForText('h2', 'many-001');
  });

  it('shows charts, families with their help, and queries of one sandbox', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await open('#/sandbox/live');
    await page.waitForSelector('.families li');
    await expect.poll(() => page.locator('.chart canvas').count()).toBe(8);
    await page.getByRole('searchbox', { name: 'Search' }).fill('working_set');
    await expect
      .poll(() => page.locator('.families li').allTextContents())
      .toEqual([
        'kata_sandbox_memory_working_set_bytes gaugebytes 1Memory of the guest in use, total minus available, from kata_guest_meminfo.',
      ]);
    await page.getByRole('button', { name: 'Copy PromQL of Guest memory' }).click();
    await expect
      .poll(() => page.evaluate('navigator.clipboard.readText()'))
      .toBe('kata_sandbox_memory_working_set_bytes{sandbox_id="live"}');
    await page.getByRole('button', { name: 'Show raw text' }).click();
    await expect.poll(() => page.locator('textarea').inputValue()).toContain('# TYPE kata_shim_netdev gauge');
  });

  it('shows hostile text as text', async () => {
    await open('#/sandbox/hostile');
    await page.waitForSelector('.families li');
    const family = page.locator('.families li', { hasText: 'kata_guest_x' });
    expect(await family.locator('.help').textContent()).toBe(hostile.replace('\u202e', '\\u202e'));
    await family.locator('summary').click();
    const sample = await family.locator('td code').textContent();
    expect(sample).toContain('<img src=x onerror=alert(1)>\\u202e&amp;');
    expect(sample).toContain(' characters)');
    expect(await page.locator('img').count()).toBe(0);
  });

  it.each([
    ['light', 1280, '#/'],
    ['dark', 390, '#/'],
    ['dark', 1280, '#/sandbox/fails'],
  ] as const)('has no fault that axe finds: %s, %i pixels, %s', async (colorScheme, width, hash) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    await open(hash);
    await page.waitForSelector(hash === '#/' ? 'tr[data-index]' : '.chart canvas');
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
    // No sideways scrolling of the whole page.
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  // A monitor that has stopped keeps the connection: old values looked like those of now.
  it('says when nothing comes from the monitor any more, and goes on by itself', async () => {
    await page.clock.install();
    await open('#/?q=big');
    const { child } = node.monitor;
    child.kill('SIGSTOP');
    try {
      await page.clock.fastForward(20_000);
      await waitForText('.alert', 'Nothing from the monitor since ');
      expect(await cell('big', 'state').textContent()).toBe('● running');
    } finally {
      child.kill('SIGCONT');
    }
    await page.locator('.alert').waitFor({ state: 'detached' });
  });

  it('shows that a sandbox has ended, and what the monitor knows of its end', async () => {
    const shim = await addShim('ends', answerWithLength(bodyWith(2 ** 30)));
    await open('#/sandbox/ends');
    await waitForText('h2', '● running');
    await shim.close();
    await rm(join(node.root, 'ends'), { recursive: true });
    await waitForText('main .alert', /^This sandbox ended \d+s ago/);
    await waitForText('.events tr', 'ended');
    await page.reload();
    await waitForText('.note', 'No sandbox ends on this node.');
    await waitForText('.events tr', 'ended');
  });

  it('lists the sandboxes that have ended recently, as they end, and a restart', async () => {
    const startedAt = (seconds: number) =>
      answerWithLength(`${bodyWith(2 ** 30)}kata_shim_process_start_time_seconds ${seconds}\n`);
    const shim = await addShim('leaves', startedAt(1e9));
    await open('#/sandbox/leaves');
    await waitForText('h2', '● running');
    shim.setAnswer(startedAt(1e9 + 100));
    await waitForText('main .alert', 'Guest or shim were restarted since the monitor found this sandbox (1).');
    await open('#/?q=leaves');
    await page.locator('summary', { hasText: 'Ended recently' }).click();
    await waitForText('.events[open] summary', 'Ended recently');
    await shim.close();
    await rm(join(node.root, 'leaves'), { recursive: true });
    await page.locator('.events[open] tr', { hasText: 'leaves' }).first().waitFor();
  });

  it('closes the stream while it is hidden', async () => {
    await open('#/?q=big');
    const [big] = shims;
    const isStream = (request: Request) => request.url().includes('/api/v1/stream');
    const ended = Promise.race([
      page.waitForEvent('requestfailed', isStream),
      page.waitForEvent('requestfinished', isStream),
    ]);
    await setHidden(true);
    // Without a client, the monitor collects nothing: src/monitor/api/snapshot-stream.test.ts.
    await ended;
    const next = big!.nextRequest();
    await setHidden(false);
    expect(await next).toContain('/metrics');
  });
});
