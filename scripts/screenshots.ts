/**
 * Takes the pictures of the page in docs/images: `npm run screenshots`. Sandboxes are real processes of this machine; one of
 * their shims is stopped. Needs Debian's chromium. The pictures are committed, and no test compares them.
 */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startChromium } from '../test/support/chromium.ts';
import { startLiveNode } from '../test/support/live-node.ts';
import { buildSourcePage } from './build-page.ts';

const outputPath = join(import.meta.dirname, '../docs/images');
/** Until the charts have something to show. */
const HISTORY_MS = 70_000;

const pictures = [
  { name: 'page.png', hash: '#/', width: 1280, height: 480, colorScheme: 'light' },
  { name: 'sandbox-dark.png', hash: '#/sandbox/web-1?range=60', width: 1100, height: 900, colorScheme: 'dark' },
  { name: 'unresponsive.png', hash: '#/sandbox/batch-1?range=60', width: 1100, height: 480, colorScheme: 'light' },
  { name: 'phone.png', hash: '#/', width: 390, height: 620, colorScheme: 'dark' },
] as const;

await buildSourcePage();
mkdirSync(outputPath, { recursive: true });
const node = await startLiveNode({ ids: ['web-1', 'web-2', 'db-1', 'cache-1', 'batch-1'] });
const browser = await startChromium();
try {
  const pages = await Promise.all(
    pictures.map(async ({ hash, width, height, colorScheme }) => {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme });
      await page.goto(`${node.url}/${hash}`);
      return page;
    }),
  );
  await pages[0]!.waitForTimeout(HISTORY_MS);
  const { child } = node.shims.get('batch-1')!;
  child.kill('SIGSTOP');
  await pages[2]!.locator('main .alert').waitFor();
  await pages[0]!.locator('tr[data-index="0"]', { hasText: 'unresponsive' }).waitFor();
  await pages[3]!.locator('tr[data-index="0"]', { hasText: 'unresponsive' }).waitFor();
  for (const [i, { name }] of pictures.entries()) {
    const path = join(outputPath, name);
    await pages[i]!.screenshot({ path });
    process.stdout.write(`docs/images/${name}: ${statSync(path).size} bytes\n`);
  }
  child.kill('SIGCONT');
} finally {
  await browser.close();
  await node.stop();
}
