/**
 * Bodies of good sandboxes for the soak: those of a real Go shim, with other CPUs, disks and interfaces for each sandbox,
 * counters that grow from response to response, and at the end what the samples of the body sum up to.
 */
import { goodFamilies } from '../../test/system/faults/good-body.ts';
import { SampleSum } from './sample-sum.ts';

/** Families by which a body says what its samples are; they are not summed themselves. */
export const toldCountFamily = 'kata_soak_samples';
export const toldSumFamily = 'kata_soak_sum';

/** Devices that a sandbox has more or fewer of: each is copied from the one that stands in the fixture. */
const devices = [
  { family: 'kata_guest_cpu_time', copied: /cpu="0"/, copy: (n: number) => `cpu="${n + 2}"` },
  { family: 'kata_guest_diskstat', copied: /disk="pmem0"/, copy: (n: number) => `disk="vd${'bcdefgh'[n]}"` },
  { family: 'kata_guest_netdev_stat', copied: /interface="eth0"/, copy: (n: number) => `interface="eth${n + 1}"` },
] as const;

/** How many copies of each device a form has. A node's sandboxes have a few forms, not one each. */
const forms: readonly (readonly [cpus: number, disks: number, interfaces: number])[] = [
  [0, 0, 0],
  [2, 0, 0],
  [2, 1, 0],
  [6, 1, 1],
  [6, 2, 1],
  [14, 4, 2],
];

/** Values that change: whole numbers of the guest and of the processes. */
const movingLine = /^(kata_(?!shim_rpc_)\S+) (\d+)$/;

/** What gives the next body of one sandbox each time that it is called. */
export function createBodyMaker(seed: number): () => string {
  const lines = linesOfForm(seed % forms.length);
  let round = 0;
  return () => {
    round++;
    const sum = new SampleSum();
    let body = '';
    for (const [index, { text, head, value }] of lines.entries()) {
      const line = head === undefined ? text : `${head} ${value + ((seed + index) % 97) * round}`;
      if (!line.startsWith('#')) {
        sum.add(line);
      }
      body += `${line}\n`;
    }
    return (
      `${body}# TYPE ${toldCountFamily} gauge\n${toldCountFamily} ${sum.count}\n` +
      `# TYPE ${toldSumFamily} gauge\n${toldSumFamily} ${sum.sum}\n`
    );
  };
}

interface BodyLine {
  readonly text: string;
  /** Name and labels of a value that changes. */
  readonly head: string | undefined;
  readonly value: number;
}

const knownForms = new Map<number, readonly BodyLine[]>();

function linesOfForm(index: number): readonly BodyLine[] {
  const known = knownForms.get(index);
  if (known !== undefined) {
    return known;
  }
  const lines = goodFamilies.flatMap((family) => toForm(family, forms[index]!).split('\n').slice(0, -1));
  const made = lines.map((text) => {
    const [, head, value] = movingLine.exec(text) ?? [];
    return { text, head, value: Number(value) };
  });
  knownForms.set(index, made);
  return made;
}

function toForm(family: string, counts: (typeof forms)[number]): string {
  const at = devices.findIndex((device) => family.startsWith(`# HELP ${device.family} `));
  const device = devices[at];
  if (device === undefined) {
    return family;
  }
  const copied = family.split('\n').filter((line) => !line.startsWith('#') && device.copied.test(line));
  const copies = Array.from({ length: counts[at]! }, (_, n) =>
    copied.map((line) => `${line.replace(device.copied, device.copy(n))}\n`).join(''),
  );
  return family + copies.join('');
}
