/**
 * What a figure is: a series, and how its value comes from the values of some lines of a body.
 */
import type { SandboxFigureName } from '../catalog/index.ts';
import type { BodyLines } from './body-lines.ts';

/** The value of a line of the body at hand. */
export type ReadLine = (line: number) => number;

export interface Figure {
  readonly name: SandboxFigureName;
  readonly labels: Readonly<Record<string, string>>;
  /** NaN, an infinity or less than 0 mean that it cannot be known. */
  readonly compute: (read: ReadLine) => number;
}

export interface FigureContext {
  readonly lines: BodyLines;
  /** The body stopped half way: what it does not have may be missing. */
  readonly isPartial: boolean;
}

/** The figures that the lines of a body allow for; it reads no value. */
export type FigureMaker = (context: FigureContext) => readonly Figure[];

/** The sum of the values of some lines. */
export function sumOf(lines: readonly number[]): (read: ReadLine) => number {
  return (read) => {
    let sum = 0;
    for (const line of lines) {
      sum += read(line);
    }
    return sum;
  };
}
