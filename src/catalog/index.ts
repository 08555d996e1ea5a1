/**
 * Every family that the programs export: name, type, unit, HELP, labels, meaning and source. Collectors, documents and
 * tests are checked against it. It imports no other module.
 */
import { agentFamilies } from './agent.ts';
import { cloudHypervisorFamilies } from './cloud-hypervisor.ts';
import { type FamilyDefinition, withPrefix } from './definition.ts';
import { derivedFamilies } from './derived.ts';
import { endedFamilies } from './ended.ts';
import { exporterFamilies } from './exporters.ts';
import { firecrackerFamilies } from './firecracker.ts';
import { goFamilies } from './go-runtime.ts';
import { guestFamilies } from './guest.ts';
import { hypervisorFamilies } from './hypervisor.ts';
import { monitorFamilies } from './monitor.ts';
import { nodeFamilies } from './node-runtime.ts';
import { processFamilies } from './process.ts';
import { findFormerNames } from './renames.ts';
import { sandboxFamilies } from './sandbox.ts';
import { shimFamilies } from './shim.ts';
import { virtiofsdFamilies } from './virtiofsd.ts';

const {
  process_network_receive_bytes_total: _received,
  process_network_transmit_bytes_total: _transmitted,
  process_virtual_memory_max_bytes: _memoryLimit,
  // The agent has none of these three.
  ...agentProcessFamilies
} = processFamilies;

export const catalog = {
  ...agentFamilies,
  ...withPrefix('kata_agent_', 'agent', agentProcessFamilies),
  ...guestFamilies,
  ...hypervisorFamilies,
  ...virtiofsdFamilies,
  ...firecrackerFamilies,
  ...shimFamilies,
  ...withPrefix('kata_shim_', 'shim', processFamilies),
  ...withPrefix('kata_shim_', 'shim', goFamilies),
  ...withPrefix('kata_shim_', 'shim', nodeFamilies),
  ...sandboxFamilies,
  ...exporterFamilies,
  ...derivedFamilies,
  ...endedFamilies,
  ...cloudHypervisorFamilies,
  ...monitorFamilies,
  ...withPrefix('kata_monitor_', 'monitor', processFamilies),
  ...withPrefix('kata_monitor_', 'monitor', goFamilies),
  ...withPrefix('kata_monitor_', 'monitor', nodeFamilies),
} as const satisfies Readonly<Record<string, FamilyDefinition>>;

export type Catalog = typeof catalog;
export type FamilyName = keyof Catalog;
/** Names of families that the catalog does not have, because a newer Firecracker added their group. */
export type OpenFamilyName = `kata_firecracker_${string}`;
/** The label names that a family of the catalog has, without those that the monitor adds. */
export type LabelName<N extends FamilyName> = keyof Catalog[N]['labels'] & string;
/** Names of the families of one type, so that the compiler rejects a histogram with the name of a gauge. */
export type FamilyNameOfType<T extends FamilyDefinition['type']> = {
  [N in FamilyName]: Catalog[N]['type'] extends T ? N : never;
}[FamilyName];

const formerNames = findFormerNames(catalog);

/** Returns the row of a family by its name or its former name, or undefined if the catalog does not have it. */
export function findFamily(name: string): FamilyDefinition | undefined {
  const current = formerNames.get(name) ?? name;
  return Object.hasOwn(catalog, current) ? catalog[current as FamilyName] : undefined;
}

export { type CadvisorFamily, type CadvisorFamilyName, cadvisorFamilies } from './cadvisor.ts';
export type { Component, FamilyDefinition, FamilyTemplate, MetricType, Unit } from './definition.ts';
export type { DerivedMetricName } from './derived.ts';
export { type ExporterErrorReason, exporterErrorReasons } from './exporters.ts';
export { type Origin, originOf } from './origin.ts';
export { chooseInProfile, type Profile, type ProfileChoice, profiles, profileTable } from './profiles.ts';
export { agentRenames, type Rename, shimRenames, toBareName, toFullName } from './renames.ts';
export { type SandboxErrorReason, sandboxErrorReasons } from './sandbox-error-reasons.ts';
