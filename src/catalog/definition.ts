/**
 * The shape of one catalog row, and the types that make a collector's output follow it.
 * Pure data: nothing here reads, prints or registers anything.
 */

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary';

/** The program, or the part of the sandbox, that a family describes. */
export type Component = 'agent' | 'firecracker' | 'guest' | 'hypervisor' | 'monitor' | 'sandbox' | 'shim' | 'virtiofsd';

export type Unit = 'bytes' | 'milliseconds' | 'percent' | 'seconds';

/** A family without its program. Several programs can export the same one, each under its own prefix. */
export interface FamilyTemplate {
  readonly type: MetricType;
  /** The unit, if all samples have the same; families with mixed units describe them in `value`. */
  readonly unit?: Unit;
  /** The text of the HELP line. */
  readonly help: string;
  /** Label names in their order of output, each with its known values; an empty list is an open set. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Labels that only some samples have, such as `device` in a family that also has totals. */
  readonly someLabels?: Readonly<Record<string, readonly string[]>>;
  /** Meaning of the value of one sample, with its unit. */
  readonly value: string;
  /**
   * The name that the family had before: its samples are sent under both. Where the row is given a prefix, so is this.
   */
  readonly formerName?: string;
  /** Where the value comes from: a file of /proc, a call, an event. */
  readonly source: string;
  /** True for the 127 families that are promised by name, type, unit and labels. */
  readonly isContract: boolean;
}

export interface FamilyDefinition extends FamilyTemplate {
  readonly component: Component;
}

/** A table of families under one prefix, each name kept as a literal type. */
export type Prefixed<P extends string, T> = {
  readonly [K in keyof T & string as `${P}${K}`]: T[K] & { readonly component: Component };
};

/** Adds a prefix and the component to every family of `table`. */
export function withPrefix<const P extends string, const T extends Readonly<Record<string, FamilyTemplate>>>(
  prefix: P,
  component: Component,
  table: T,
): Prefixed<P, T> {
  const rows = Object.entries(table).map(([name, { formerName, ...family }]) => {
    const former = formerName === undefined ? {} : { formerName: prefix + formerName };
    return [`${prefix}${name}`, { component, ...family, ...former }];
  });
  return Object.fromEntries(rows) as Prefixed<P, T>;
}
