/**
 * What a sandbox's families may be and how they are called in the node's answer. Shims are trusted no further than this:
 * one that lies must not make Prometheus reject the whole node.
 */
import { findFamily, shimRenames, toBareName, toFullName } from '../catalog/index.ts';
import {
  escapeHelp,
  type FamilyType,
  limitFaults,
  type Naming,
  type ScanLimits,
  type ScanRules,
} from '../exposition/index.ts';
import { defaultSandboxLimits, type SandboxLimits } from './limits.ts';
import { ownFamilyPrefixes, startsWithAny } from './prefixes.ts';
import { reservedLabels } from './reserved-labels.ts';

/** What sandboxes may send beside the shim's own process. */
const kataPrefix = 'kata_';

/** What the body of a sandbox is held to. */
export function toSandboxRules(sandboxLimits: SandboxLimits): ScanRules {
  const limits = Object.keys(limitFaults) as (keyof ScanLimits)[];
  return {
    reservedLabels,
    ...(Object.fromEntries(limits.map((limit) => [limit, sandboxLimits[limit]])) as Required<ScanLimits>),
    typeOf: (name) => typeInCatalog(toFinalName(name)),
  };
}

/** The rules where no option says otherwise. */
export const sandboxRules = toSandboxRules(defaultSandboxLimits);

/** The name that a sandbox's family has in the node's answer. */
export function toFinalName(name: string): string {
  return toFullName(shimRenames, name);
}

/** The type that the catalog promises for a family, by its final name. */
export function typeInCatalog(name: string): FamilyType | undefined {
  return findFamily(name)?.type;
}

/** HELP of the families of the catalog that were asked for, as they stand in the answer. */
const knownHelps = new Map<string, Buffer>();

/**
 * The HELP text that the catalog has for a family, by its final name. Of a shim's own process the shim knows better: what
 * its families mean depends on what it is written in.
 */
export function helpInCatalog(name: string): Buffer | undefined {
  if (toBareName(shimRenames, name) !== name) {
    return undefined;
  }
  const known = knownHelps.get(name);
  const text = known === undefined ? findFamily(name)?.help : undefined;
  if (text === undefined) {
    return known;
  }
  const help = Buffer.from(escapeHelp(text));
  knownHelps.set(name, help);
  return help;
}

/** How sandboxes' families are named, by what may begin their names beside what a Kata runtime sends. */
export function nameSandboxFamilies(allowedPrefixes: readonly string[] = []): Naming {
  const allowed = [kataPrefix, ...allowedPrefixes];
  return (name) => {
    const finalName = toFinalName(name);
    // A histogram `kata_sandbox` would have samples under names of ours.
    const isOwn = startsWithAny(`${finalName}_`, ownFamilyPrefixes);
    if (!startsWithAny(finalName, allowed) || isOwn) {
      return { kind: 'forbidden' };
    }
    return { kind: 'named', prefix: finalName.slice(0, finalName.length - name.length) };
  };
}
