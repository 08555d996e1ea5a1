/**
 * A family of the response while it is being put together: what each body says of it.
 */
import type { FamilyType } from '../format/family.ts';
import { isDistribution } from '../format/family.ts';
import type { ScannedFamily } from '../scan/scanned-body.ts';
import type { MergePart, MergeSource } from './merge-plan.ts';

interface GrowingPart extends MergePart {
  readonly sources: MergeSource[];
}

export class Candidate {
  readonly name: string;
  /** Put in front of every sample name. */
  readonly prefix: string;
  parts: GrowingPart[] = [];
  /** What TYPE lines of bodies with samples say; of all bodies, where none has any. */
  #statedType: FamilyType | 'several' | undefined = undefined;
  #emptyType: FamilyType | undefined = undefined;
  #hasScalars = false;
  #hasDistributions = false;
  /** Samples without a TYPE line, which may be those of any scalar type. */
  #hasUnstated = false;

  constructor(name: string, prefix: string) {
    this.name = name;
    this.prefix = prefix;
  }

  /** Sources come in their order. */
  add(source: MergeSource, family: ScannedFamily): void {
    const last = this.parts.at(-1);
    if (last?.family === family) {
      last.sources.push(source);
      return;
    }
    this.parts.push({ family, sources: [source] });
    const { type } = family;
    if (family.segments.length === 0) {
      this.#emptyType ??= type;
      return;
    }
    if (type === undefined) {
      this.#hasUnstated = true;
    } else {
      this.#hasScalars ||= !isDistribution(type);
      this.#hasDistributions ||= isDistribution(type);
      this.#statedType = this.#statedType === undefined || this.#statedType === type ? type : 'several';
    }
  }

  /** Replaces all parts. */
  setParts(parts: readonly MergePart[]): void {
    this.parts = [];
    this.#statedType = undefined;
    this.#emptyType = undefined;
    this.#hasScalars = false;
    this.#hasDistributions = false;
    this.#hasUnstated = false;
    for (const { family, sources } of parts) {
      for (const source of sources) {
        this.add(source, family);
      }
    }
  }

  get hasSamples(): boolean {
    return this.hasStatedSamples || this.#hasUnstated;
  }

  /** Whether there are samples with a TYPE line. */
  get hasStatedSamples(): boolean {
    return this.#hasScalars || this.#hasDistributions;
  }

  /** Whether TYPE lines state distributions beside other types: no type can hold both. */
  get isMixed(): boolean {
    const hasTwoDistributions = this.#hasDistributions && this.#statedType === 'several';
    return hasTwoDistributions || (this.#hasDistributions && this.#hasScalars);
  }

  /** The type that no body contradicts; `unknown` where scalar types differ, or none is stated. */
  get commonType(): FamilyType {
    const stated = this.#statedType ?? (this.hasSamples ? undefined : this.#emptyType);
    return stated === undefined || stated === 'several' ? 'unknown' : stated;
  }
}
