/**
 * What a sandbox may send, and which part of it is in the response: limits, rules for names, prefixes and the selection.
 */

export {
  exporterReservedLabels,
  isForbiddenToExporters,
  toExporterNaming,
  toExporterRules,
} from './exporters.ts';
export { sandboxLimitOptions } from './limits.ts';
export { isFamilyPrefix, ownFamilyPrefixes, startsWithAny } from './prefixes.ts';
export { reservedLabels } from './reserved-labels.ts';
export {
  helpInCatalog,
  nameSandboxFamilies,
  sandboxRules,
  toFinalName,
  toSandboxRules,
  typeInCatalog,
} from './rules.ts';
export { everything, FamilySelection } from './selection.ts';
