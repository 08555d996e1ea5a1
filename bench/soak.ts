/**
 * `npm run soak`: checks that the monitor neither leaks nor responds late while sandboxes come and go for minutes, some of them
 * unresponsive and some sending invalid data, and while a client reads slowly. Prints a table, and exits with 1 when a value is
 * over its limit. `-- --minutes 5 --sandboxes 200` are the defaults.
 */
import { cpus, totalmem } from 'node:os';
import { readOptions } from './read-options.ts';
import { judgeSoak } from './soak/judge-soak.ts';
import { runSoak } from './soak/run-soak.ts';

const values = readOptions({
  minutes: { type: 'string', default: '5' },
  sandboxes: { type: 'string', default: '200' },
  'warm-up-seconds': { type: 'string', default: '60' },
});

const result = await runSoak({
  sandboxes: Number(values.sandboxes),
  warmUpSeconds: Number(values['warm-up-seconds']),
  seconds: Math.round(Number(values.minutes) * 60),
  onSecond: (phase, second, { scrapeMs, breaches, resident }) => {
    if (second % 10 === 0) {
      const residentMiB = resident.at(-1)?.y.toFixed(0);
      process.stderr.write(
        `${phase} ${second} s: ${scrapeMs.length} responses, ${residentMiB} MiB ${breaches.at(-1) ?? ''}\n`,
      );
    }
  },
});
const rows = judgeSoak(result);

process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}: ${values.sandboxes} sandboxes, ${values.minutes} minutes\n\n`,
);
process.stdout.write('| measurement | value | limit | |\n|---|---:|---:|---|\n');
for (const { name, value, bound, isKept } of rows) {
  process.stdout.write(`| ${name} | ${value} | ${bound ?? ''} | ${isKept ? '' : 'BROKEN'} |\n`);
}
for (const breach of [...result.warmUp.breaches, ...result.soak.breaches]) {
  process.stdout.write(`\n${breach}`);
}
process.exitCode = rows.every(({ isKept }) => isKept) ? 0 : 1;
