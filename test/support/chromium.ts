/**
 * A real browser for tests: Debian's Chromium without a window.
 */
import { type Browser, chromium } from 'playwright-core';
import { findProgram } from './requirements.ts';

export async function startChromium(): Promise<Browser> {
  const executablePath = findProgram('chromium');
  if (executablePath === undefined) {
    throw new Error('No program "chromium": Debian package chromium');
  }
  // Tests run as root, for which Chromium has no sandbox; the pages are our own. /dev/shm is small in containers.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}
