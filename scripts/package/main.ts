/**
 * Makes what is installed without npm (npm run package): the root file system of the image, and packages of distributions. The same
 * sources and SOURCE_DATE_EPOCH give the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { readTask, UsageError, usage } from './arguments.ts';
import { buildDeb } from './deb.ts';
import { listImageFiles } from './image-root.ts';
import { writeFiles } from './packaged-file.ts';
import { buildRpm } from './rpm.ts';

try {
  await run();
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(`package: ${(error as Error).message}\n${isUsage ? `\n${usage}` : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}

async function run(): Promise<void> {
  const task = readTask(process.argv.slice(2), process.env['SOURCE_DATE_EPOCH'] ?? readCommitTime());
  switch (task.what) {
    case 'help':
      process.stdout.write(usage);
      return;
    case 'deb':
      mkdirSync(task.folder, { recursive: true });
      process.stdout.write(`${await buildDeb(task.folder, task)}\n`);
      return;
    case 'rpm':
      mkdirSync(task.folder, { recursive: true });
      process.stdout.write(`${await buildRpm(task.folder, task)}\n`);
      return;
    case 'image-root': {
      const files = await listImageFiles(task);
      mkdirSync(task.folder, { recursive: true });
      writeFiles(task.folder, files, task.epochSeconds);
    }
  }
}

/** Seconds: https://reproducible-builds.org/specs/source-date-epoch/ */
function readCommitTime(): string {
  try {
    return execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  } catch (error) {
    throw new UsageError('Variable SOURCE_DATE_EPOCH is not set, and git has no commit to take its time from', {
      cause: error,
    });
  }
}
