/**
 * Names, units and attributes of OpenTelemetry for the families of /metrics: those of the semantic conventions for pods and
 * processes where they mean the same, otherwise `kata.*`. Pure.
 */
import { findFamily, type Unit } from '../catalog/index.ts';

export interface OtelName {
  readonly name: string;
  /** UCUM, as the semantic conventions write it; empty if there is none. */
  readonly unit: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Whether the convention is a sum that is not monotonic. */
  readonly isUpDown?: boolean;
}

const received = { 'network.io.direction': 'receive' };
const transmitted = { 'network.io.direction': 'transmit' };

/** https://opentelemetry.io/docs/specs/semconv/system/k8s-metrics/ and process-metrics/, version 1.45. */
export const conventions: Readonly<Record<string, OtelName>> = {
  kata_sandbox_cpu_usage_seconds_total: { name: 'k8s.pod.cpu.time', unit: 's' },
  kata_sandbox_memory_available_bytes: { name: 'k8s.pod.memory.available', unit: 'By', isUpDown: true },
  kata_sandbox_memory_working_set_bytes: { name: 'k8s.pod.memory.working_set', unit: 'By', isUpDown: true },
  kata_sandbox_memory_major_page_faults_total: {
    name: 'k8s.pod.memory.paging.faults',
    unit: '{fault}',
    attributes: { 'system.paging.fault.type': 'major' },
  },
  kata_sandbox_network_receive_bytes_total: { name: 'k8s.pod.network.io', unit: 'By', attributes: received },
  kata_sandbox_network_transmit_bytes_total: { name: 'k8s.pod.network.io', unit: 'By', attributes: transmitted },
  kata_sandbox_network_receive_errors_total: {
    name: 'k8s.pod.network.errors',
    unit: '{error}',
    attributes: received,
  },
  kata_sandbox_network_transmit_errors_total: {
    name: 'k8s.pod.network.errors',
    unit: '{error}',
    attributes: transmitted,
  },
  kata_monitor_process_cpu_seconds_total: { name: 'process.cpu.time', unit: 's' },
  kata_monitor_process_resident_memory_bytes: { name: 'process.memory.usage', unit: 'By', isUpDown: true },
  kata_monitor_process_virtual_memory_bytes: { name: 'process.memory.virtual', unit: 'By', isUpDown: true },
  kata_monitor_process_open_fds: {
    name: 'process.unix.file_descriptor.count',
    unit: '{file_descriptor}',
    isUpDown: true,
  },
  kata_monitor_process_network_receive_bytes_total: { name: 'process.network.io', unit: 'By', attributes: received },
  kata_monitor_process_network_transmit_bytes_total: {
    name: 'process.network.io',
    unit: 'By',
    attributes: transmitted,
  },
  kata_monitor_nodejs_eventloop_utilization_ratio: { name: 'nodejs.eventloop.utilization', unit: '1' },
};

/** Attributes of the conventions for labels of their families. */
const attributeNames: Readonly<Record<string, string>> = { interface: 'network.interface.name' };

const units: Readonly<Record<Unit, string>> = { bytes: 'By', milliseconds: 'ms', percent: '%', seconds: 's' };

const ofComponent = /^kata_(agent|firecracker|guest|hypervisor|monitor|sandbox|shim|virtiofsd)_(.+)$/;

/** Returns the OpenTelemetry name of a family of /metrics. */
export function toOtelName(family: string): OtelName {
  const convention = Object.hasOwn(conventions, family) ? conventions[family] : undefined;
  if (convention !== undefined) {
    return convention;
  }
  const [, component, rest] = ofComponent.exec(family) ?? [];
  const name = component === undefined ? family : `kata.${component}.${rest}`;
  const known = findFamily(family);
  const unit = known !== undefined && 'unit' in known ? known.unit : undefined;
  // Readers of Prometheus' formats append it again. It stays where a gauge has the rest of the name.
  const hasTotal = known?.type === 'counter' && findFamily(removeEnd(family, '_total')) === undefined;
  const plain = hasTotal ? removeEnd(name, '_total') : name;
  return unit === undefined ? { name: plain, unit: '' } : { name: removeEnd(plain, `_${unit}`), unit: units[unit] };
}

function removeEnd(text: string, end: string): string {
  return text.endsWith(end) ? text.slice(0, -end.length) : text;
}

/** The attribute for a label of a family. */
export function toAttributeName(family: string, label: string): string {
  return Object.hasOwn(conventions, family) && Object.hasOwn(attributeNames, label) ? attributeNames[label]! : label;
}
