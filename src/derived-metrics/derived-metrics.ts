/**
 * Works out the metrics that are derived from the body of a sandbox. What a body allows for, and where its lines are, is
 * found out once for a form; after that a metric costs the reading of its few values.
 */
import { catalog } from '../catalog/index.ts';
import {
  readNumber,
  type Sample,
  type Scan,
  tabulateInSteps,
  type ValueSlabs,
  withValues,
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

/** The derived metrics of bodies of one form, and what they look like when all of them are known. */
export interface DerivedLayout {
  readonly figures: readonly Figure[];
  readonly template: Scan;
}

/** Figures that are worked on without a pause. */
const STEP_FIGURES = 1024;

/**
 * What can be derived from bodies of the form that a scan has, in small steps. Reads no value.
 * @param isPartial the body stopped half way
 */
export function* layOutDerived(scan: Scan, isPartial: boolean): Generator<void, DerivedLayout> {
  const context: FigureContext = { lines: yield* BodyLines.read(scan), isPartial };
  const byName = new Map<Figure['name'], Map<string, Figure>>();
  let made = 0;
  for (const make of makers) {
    yield;
    for (const figure of make(context)) {
      const ofName = byName.get(figure.name) ?? new Map<string, Figure>();
      byName.set(figure.name, ofName);
      // Two lines of a guest can differ in a label that the derived series does not have. The first one counts.
      const key = JSON.stringify(figure.labels);
      if (!ofName.has(key)) {
        ofName.set(key, figure);
      }
      if (++made % STEP_FIGURES === 0) {
        yield;
      }
    }
  }
  // Those of one family stand together.
  const figures = [...byName.values()].flatMap((ofName) => [...ofName.values()]);
  yield;
  return { figures, template: yield* tabulateFigures(figures, new Array<string>(figures.length).fill('0')) };
}

/**
 * The derived metrics of a body as families to be merged with others, without labels of the sandbox, in small steps. A
 * value that cannot be known is left out. Values go to the slabs, where there are any.
 */
export function* computeDerived(
  { figures, template }: DerivedLayout,
  scan: Scan,
  slabs?: ValueSlabs,
): Generator<void, Scan> {
  const read = (line: number): number => readNumber(scan.values, line);
  const values: (string | undefined)[] = [];
  for (const figure of figures) {
    if (values.push(format(figure.compute(read))) % STEP_FIGURES === 0) {
      yield;
    }
  }
  return areKnown(values) ? withValues(template.form, values, slabs) : yield* tabulateFigures(figures, values);
}

function* tabulateFigures(figures: readonly Figure[], values: readonly (string | undefined)[]): Generator<void, Scan> {
  const families = new Map<Figure['name'], Sample[]>();
  for (const [i, { name, labels }] of figures.entries()) {
    const value = values[i];
    if (value !== undefined) {
      const samples = families.get(name) ?? [];
      families.set(name, samples);
      samples.push({ labels, value });
    }
  }
  return yield* tabulateInSteps(
    [...families].map(([name, samples]) => ({ name, type: catalog[name].type, help: catalog[name].help, samples })),
  );
}

function format(value: number): string | undefined {
  return Number.isFinite(value) && value >= 0 ? String(value) : undefined;
}

function areKnown(values: readonly (string | undefined)[]): values is readonly string[] {
  return !values.includes(undefined);
}
