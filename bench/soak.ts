/**
 * `npm run soak`: whether the monitor leaks or answers late when sandboxes come and go under it for minutes, some hung and
 * some lying, and a client reads at a trickle. Prints a table of figures, and ends with 1 when one of them is over its
 * bound. `-- --minutes 5 --sandboxes 200` are the defaults.
 */
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { judgeSoak } from './soak/judge-soak.ts';
import { runSoak } from './soak/run-soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    sandboxes: { type: 'string', default: '200' },
    'warm-up-seconds': { type: 'string', default: '60' },
  },
});

const result = await runSoak({
  sandboxes: Number(values.sandboxes),
  warmUpSeconds: Number(values['warm-up-seconds']),
  seconds: Math.round(Number(values.minutes) * 60),
  onSecond: (phase, second, { scrapeMs, breaches, resident }) => {
    if (second % 10 === 0) {
      const residentMiB = resident.at(-1)?.y.toFixed(0);
      process.stderr.write(
        `${phase} ${second} s: ${scrapeMs.length} answers, ${residentMiB} MiB ${breaches.at(-1) ?? ''}\n`,
      );
    }
  },
});
const figures = judgeSoak(result);

process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}: ${values.sandboxes} sandboxes, ${values.minutes} minutes\n\n`,
);
process.stdout.write('| figure | value | bound | |\n|---|---:|---:|---|\n');
for (const { name, value, bound, isKept } of figures) {
  process.stdout.write(`| ${name} | ${value} | ${bound ?? ''} | ${isKept ? '' : 'BROKEN'} |\n`);
}
for (const breach of [...result.warmUp.breaches, ...result.soak.breaches]) {
  process.stdout.write(`\n${breach}`);
}
process.exitCode = figures.every(({ isKept }) => isKept) ? 0 : 1;
