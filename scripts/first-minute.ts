/**
 * Does what a newcomer does in the first minute, and writes docs/first-minute.md with its pictures: clones this repository
 * into an empty directory, runs `npm start` there, and opens the address that it prints in Debian's Chromium. The times are
 * measured, so it needs a machine that does nothing else, and the network for the npm packages.
 * `node scripts/first-minute.ts`; it clones the last commit.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Page } from 'playwright-core';
import { startChromium } from '../test/support/chromium.ts';

const repository = join(import.meta.dirname, '..');
const imagesPath = join(repository, 'docs/images');
const pageUrl = /Open (http:\S+) in a browser/;
/** Until the charts of a sandbox have something to show. */
const CHARTS_MS = 12_000;

const directory = mkdtempSync(join(tmpdir(), 'first-minute-'));
/** Without what a newcomer does not have: the packages of this repository, a guest that was built, and what npm keeps. */
const env = {
  ...process.env,
  XDG_CACHE_HOME: join(directory, 'cache'),
  npm_config_cache: join(directory, 'npm'),
  PATH: (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((path) => !path.includes('node_modules'))
    .join(delimiter),
};
const clonePath = join(directory, 'kata-metrics');
const browser = await startChromium();
const steps: { readonly seconds: number; readonly what: string }[] = [];
const [loadBefore = 0] = loadavg();
const startMs = performance.now();

function note(what: string): void {
  const seconds = (performance.now() - startMs) / 1000;
  steps.push({ seconds, what });
  process.stdout.write(`${seconds.toFixed(1)} s: ${what}\n`);
}

/** Resolves with the match in what the program has printed so far. Rejects when it ends before. */
function waitForOutput(child: ChildProcess, output: readonly string[], pattern: RegExp): Promise<RegExpExecArray> {
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
  const look = (): void => {
    const match = pattern.exec(output.join(''));
    if (match !== null) {
      resolve(match);
    }
  };
  child.stdout?.on('data', look);
  child.stderr?.on('data', look);
  child.once('exit', () => reject(new Error(`npm start ended: ${output.join('')}`)));
  look();
  return promise;
}

async function takePicture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(imagesPath, name) });
}

async function visit(child: ChildProcess, output: readonly string[]): Promise<void> {
  const [, url = ''] = await waitForOutput(child, output, pageUrl);
  note('`npm start` prints the address of the page');
  const page = await browser.newPage({ viewport: { width: 1100, height: 330 } });
  await page.goto(url);
  await page.waitForSelector('h1');
  note('The browser shows the page');
  await page.waitForSelector('tr[data-index]');
  note('The page lists the sandboxes that start');
  await takePicture(page, 'first-minute-starting.png');
  await page.locator('[data-state="running"] button', { hasText: '2 running' }).waitFor();
  note('Both sandboxes run');
  await page
    .locator('td[data-column="cpu"]', { hasText: /\d\.\d\d \// })
    .first()
    .waitFor();
  note('The page shows the CPUs that they use');
  await takePicture(page, 'first-minute-running.png');
  await page.locator('tr[data-index="0"] a').click();
  await page.waitForSelector('.chart canvas');
  note('A click on a sandbox shows its charts, which fill');
  await page.setViewportSize({ width: 1100, height: 800 });
  await page.waitForTimeout(CHARTS_MS);
  await takePicture(page, 'first-minute-sandbox.png');
  await waitForOutput(child, output, /This scrape: .*\n/);
}

function toDocument(printed: string): string {
  const rows = steps.map(({ seconds, what }) => `| ${seconds.toFixed(1)} | ${what} |`).join('\n');
  const machine = `${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} CPUs, npm ${execFileSync('npm', ['--version'], { env, encoding: 'utf8' }).trim()}, load average before: ${loadBefore.toFixed(1)}`;
  return `# The first minute

Clone, start, look: no root privileges, no Kata Containers, no Kubernetes, no Prometheus.

\`\`\`sh
git clone <address of this repository> kata-metrics
cd kata-metrics
npm start
\`\`\`

| Seconds | |
|--:|---|
${rows}

(\`node scripts/first-minute.ts\` did this, measured the times and took the pictures: ${machine}. The clone
came from the same machine and the npm packages over the network, to an empty cache: that is most of the time, and only before the
first start.)

The page is there before the sandboxes are, and shows how they start:

![The table with two sandboxes that start](images/first-minute-starting.png)

![The same two sandboxes, running, with the CPUs and the memory that they use](images/first-minute-running.png)

A click on one of them:

![Charts of one sandbox](images/first-minute-sandbox.png)

This is what the terminal shows (there, the table refreshes):

\`\`\`
${printed.trim()}
\`\`\`

Ctrl-C ends all of it and leaves no process and no file. [page.md](page.md) describes the page, and [guest.md](guest.md) how the
sandboxes become virtual machines.
`;
}

mkdirSync(imagesPath, { recursive: true });
try {
  execFileSync('git', ['clone', '--quiet', `file://${repository}`, clonePath], { env });
  note('`git clone` ends');
  // A separate process group, which Ctrl-C of a terminal would end.
  const child = spawn('npm', ['start'], { cwd: clonePath, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const output: string[] = [];
  const take = (piece: string): void => void output.push(piece);
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const exited = once(child, 'exit');
  try {
    await visit(child, output);
  } finally {
    process.kill(-child.pid!, 'SIGINT');
    await exited;
  }
  const printed = output.join('');
  const [, root = ''] = /sandboxes in (\S+):/.exec(printed) ?? [];
  if (existsSync(root)) {
    throw new Error(`npm start has left ${root}`);
  }
  writeFileSync(join(repository, 'docs/first-minute.md'), toDocument(printed));
} finally {
  await browser.close();
  rmSync(directory, { recursive: true });
}
