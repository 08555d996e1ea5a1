/**
 * A real browser for tests: Debian's Chromium without a window.
 */
import { type Browser, chromium } from 'playwright-core';
import { findProgram } from './requirements.ts';

/** For the start and for each step: on a busy machine, a browser needs more than the 30 s that Playwright gives it. */
export const BROWSER_TIMEOUT_MS = 90_000;

export async function startChromium(): Promise<Browser> {
  const executablePath = findProgram('chromium');
  if (executablePath === undefined) {
    throw new Error('No program "chromium": Debian package chromium');
  }
  // Tests run as root, for which Chromium has no sandbox; the pages are our own. /dev/shm is small in containers.
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    timeout: BROWSER_TIMEOUT_MS,
  });
}
