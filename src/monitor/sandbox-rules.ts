/**
 * What a sandbox's families may be and how they are called in the node's answer. Shims are trusted no further than this:
 * one that lies must not make Prometheus reject the whole node.
 */
import { findFamily } from '../catalog/index.ts';
import { escapeHelp, type FamilyType, type Naming, type ScanRules } from '../exposition/index.ts';

/** The labels that every sample of a sandbox gets, in their order of output. */
export const sandboxLabelNames = ['sandbox_id', 'cri_uid', 'cri_name', 'cri_namespace'] as const;

/** Families that only the monitor itself may emit. */
const ownPrefixes = ['kata_monitor_', 'kata_sandbox_'];

/** The Go shim gives its own process's families under bare names. */
const bareShimPrefixes = ['go_', 'process_'];
const shimPrefix = 'kata_shim_';

/** Bounds for one sandbox: an honest shim of 2026 has 850 samples, 3 labels and values of 64 bytes. */
export const sandboxRules: ScanRules = {
  reservedLabels: sandboxLabelNames,
  maxLabels: 32,
  maxLabelValueBytes: 4096,
  maxSamples: 20_000,
  maxHelpBytes: 4096,
  typeOf: (name) => typeInCatalog(isBareShimFamily(name) ? shimPrefix + name : name),
};

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
  if (name.startsWith(shimPrefix) && isBareShimFamily(name.slice(shimPrefix.length))) {
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

/** How sandboxes' families are named; `isWanted` decides by the final name. */
export function nameSandboxFamilies(isWanted: (name: string) => boolean): Naming {
  return (name) => {
    const prefix = isBareShimFamily(name) ? shimPrefix : '';
    const finalName = prefix + name;
    if (!finalName.startsWith('kata_') || ownPrefixes.some((own) => finalName.startsWith(own))) {
      return { kind: 'forbidden' };
    }
    return isWanted(finalName) ? { kind: 'named', prefix } : { kind: 'unwanted' };
  };
}

function isBareShimFamily(name: string): boolean {
  return bareShimPrefixes.some((prefix) => name.startsWith(prefix));
}
