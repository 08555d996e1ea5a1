/**
 * Which families a sandbox may send, and their names in the response of the node. Shims are not trusted beyond these
 * rules: a shim that lies must not make Prometheus reject the whole node.
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

/** Prefix of the families that sandboxes may send in addition to those of the shim's own process. */
const KATA_PREFIX = 'kata_';

/** Rules for the body of a sandbox. */
export function toSandboxRules(sandboxLimits: SandboxLimits): ScanRules {
  const limits = Object.keys(limitFaults) as (keyof ScanLimits)[];
  return {
    reservedLabels,
    ...(Object.fromEntries(limits.map((limit) => [limit, sandboxLimits[limit]])) as Required<ScanLimits>),
    typeOf: (name) => typeInCatalog(toFinalName(name)),
  };
}

/** The rules with the defaults of the options. */
export const sandboxRules = toSandboxRules(defaultSandboxLimits);

/** The name of a sandbox's family in the response of the node. */
export function toFinalName(name: string): string {
  return toFullName(shimRenames, name);
}

/** The type that the catalog promises for a family, by its final name. */
export function typeInCatalog(name: string): FamilyType | undefined {
  return findFamily(name)?.type;
}

/** Escaped HELP texts of the catalog, by family. */
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

/**
 * Names of the families of sandboxes in the response. `allowedPrefixes`: those in addition to those that a Kata runtime sends.
 */
export function nameSandboxFamilies(allowedPrefixes: readonly string[] = []): Naming {
  const allowed = [KATA_PREFIX, ...allowedPrefixes];
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
