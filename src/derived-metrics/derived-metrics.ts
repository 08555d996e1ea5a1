/**
 * Works out the figures of one sandbox from the scan of its body. What a body allows for, and where its lines are, is
 * found out once for all bodies that are alike; after that a figure costs the reading of its few values.
 */
import { catalog } from '../catalog/index.ts';
import {
  readNumber,
  replaceValues,
  type Scan,
  type ScannedFamily,
  tabulate,
  type ValueSlabs,
} from '../exposition/index.ts';
import { BodyLines } from './body-lines.ts';
import type { Figure, FigureContext, FigureMaker } from './derived-metric.ts';
import { guestCpuFigures } from './guest-cpu.ts';
import { guestDiskFigures } from './guest-disks.ts';
import { guestFilesystemFigures } from './guest-filesystems.ts';
import { guestLoadFigures } from './guest-load.ts';
import { guestMemoryFigures } from './guest-memory.ts';
import { guestNetworkFigures } from './guest-network.ts';
import { hostCostFigures } from './host-cost.ts';

/** All there are; each group of figures has its file. */
const makers: readonly FigureMaker[] = [
  guestCpuFigures,
  guestMemoryFigures,
  guestNetworkFigures,
  guestDiskFigures,
  guestFilesystemFigures,
  guestLoadFigures,
  hostCostFigures,
];

export interface FiguresOptions {
  /** The body stopped half way. */
  readonly isPartial: boolean;
  /** Where the values are put. */
  readonly slabs?: ValueSlabs | undefined;
}

/** The figures of bodies of one form, and what their answer looks like when all of them are known. */
interface Layout {
  readonly figures: readonly Figure[];
  readonly template: Scan;
}

export class SandboxFigures {
  /** By the list of families that like bodies share. */
  readonly #layouts = new WeakMap<readonly ScannedFamily[], Layout>();

  /** The figures as families to be merged with others, without labels of the sandbox; a figure that cannot be known is left out. */
  of(scan: Scan, { isPartial, slabs }: FiguresOptions): Scan {
    let layout = this.#layouts.get(scan.families);
    if (layout === undefined) {
      layout = makeLayout({ lines: new BodyLines(scan), isPartial });
      this.#layouts.set(scan.families, layout);
    }
    const { figures, template } = layout;
    const read = (line: number): number => readNumber(scan.lines, line);
    const values = figures.map((figure) => format(figure, figure.compute(read)));
    return areKnown(values) ? replaceValues(template, values, slabs) : tabulateFigures(figures, values);
  }
}

function makeLayout(context: FigureContext): Layout {
  const byName = Map.groupBy(
    makers.flatMap((make) => make(context)),
    ({ name }) => name,
  );
  const figures = [...byName.values()].flat();
  return { figures, template: tabulateFigures(figures, new Array<string>(figures.length).fill('0')) };
}

/** Figures of one family stand together. */
function tabulateFigures(figures: readonly Figure[], values: readonly (string | undefined)[]): Scan {
  const known = figures.flatMap(({ name, labels }, i) => {
    const value = values[i];
    return value === undefined ? [] : [{ name, sample: { labels, value } }];
  });
  const families = [...Map.groupBy(known, ({ name }) => name)].map(([name, samples]) => {
    const { type, help } = catalog[name];
    return { name, type, help, samples: samples.map(({ sample }) => sample) };
  });
  return tabulate(families);
}

function format({ name }: Figure, value: number): string | undefined {
  const isKnown = Number.isFinite(value) && (value >= 0 || name === 'kata_sandbox_overhead_memory_bytes');
  return isKnown ? String(value) : undefined;
}

function areKnown(values: readonly (string | undefined)[]): values is readonly string[] {
  return !values.includes(undefined);
}
