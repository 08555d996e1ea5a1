/**
 * The bodies of one sandbox by each runtime: a Go shim, runtime-rs and ours, generated from one tree of /proc. The families of
 * the guest are those of one agent. Units, names, number formats and order are those of each runtime, written here
 * independently of the code that reads them.
 */
import { createGuestCollectors } from '../../src/agent/guest-collectors.ts';
import {
  type CatalogFamily,
  collectFamilies,
  collectHostStat,
  collectHostStatus,
  type HostPrefix,
  singleFamily,
} from '../../src/collectors/index.ts';
import type { MetricFamily } from '../../src/exposition/index.ts';
import { createProcfs } from '../../src/procfs/index.ts';
import { toWireFamilies } from '../../src/shim/http/wire-names.ts';

export interface MachineState {
  /** The tree of the guest and of the host: the same, for there is one machine. */
  readonly tree: string;
  /** Undefined where hypervisor and shim are one process. */
  readonly hypervisorPid: number | undefined;
  readonly virtiofsdPid: number | undefined;
  readonly shimPid: number;
}

export type Runtime = 'go-shim' | 'kata-shim' | 'runtime-rs';
export type BodiesByRuntime = Readonly<Record<Runtime, Buffer>>;

const BYTES_PER_KIB = 1024;

export async function makeBodies(state: MachineState): Promise<BodiesByRuntime> {
  const guest = await collectGuest(state);
  const host = await collectHost(state);
  const ofGo = [singleFamily('kata_shim_go_goroutines', 26), singleFamily('kata_shim_process_open_fds', 15)];
  const goInfo: MetricFamily = {
    name: 'go_info',
    type: 'gauge',
    help: 'Information about the Go environment.',
    samples: [{ labels: { version: 'go1.19.8' }, value: 1 }],
  };
  const ofOurs = [
    singleFamily('kata_shim_nodejs_heap_total_bytes', 8_000_000),
    singleFamily('kata_shim_process_open_fds', 15),
  ];
  const print = (families: readonly MetricFamily[], spell: (value: number) => string): string =>
    families.map((family) => printFamily(family, spell)).join('');
  return {
    // The registry of the shim by name, then what the agent says; every number as Go's encoder spells it.
    'go-shim': Buffer.from(
      print(toWireFamilies([...host.map(toBytes), ...ofGo, goInfo]), spellLikeGo) + print(guest, spellLikeGo),
    ),
    // The agent first; plain decimals.
    'runtime-rs': Buffer.from(print(guest, spellLikeRust) + print(host, spellLikeRust)),
    'kata-shim': Buffer.from(print(toWireFamilies([...host, ...ofOurs]), String) + print(guest, String)),
  };
}

/** Without file systems: their values are those of the machine that runs the test. */
async function collectGuest({ tree }: MachineState): Promise<readonly CatalogFamily[]> {
  const collectors = createGuestCollectors().filter(({ name }) => name !== 'guest-filesystem');
  const { families } = await collectFamilies(collectors, { procfs: createProcfs(tree), pageSizeBytes: 4096 });
  return families.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function collectHost({ tree, hypervisorPid, virtiofsdPid, shimPid }: MachineState): Promise<CatalogFamily[]> {
  const procfs = createProcfs(tree);
  const collect = async (prefix: HostPrefix, pid: number | undefined): Promise<CatalogFamily[]> =>
    pid === undefined
      ? []
      : [...(await collectHostStat({ procfs, prefix, pid })), ...(await collectHostStatus({ procfs, prefix, pid }))];
  return [
    ...(await collect('kata_hypervisor_', hypervisorPid)),
    ...(await collect('kata_shim_', shimPid)),
    ...(await collect('kata_virtiofsd_', virtiofsdPid)),
  ];
}

/** The Go shim reads /proc/<pid>/status with a library that turns kB to bytes. */
function toBytes(family: CatalogFamily): MetricFamily {
  if (!family.name.endsWith('_proc_status')) {
    return family;
  }
  const samples = family.samples.map(({ labels, value }) => ({
    labels,
    value: labels['item']?.endsWith('_switches') === true ? value : BigInt(value) * BigInt(BYTES_PER_KIB),
  }));
  return { ...family, samples };
}

function printFamily({ name, type, help, samples }: MetricFamily, spell: (value: number) => string): string {
  const lines = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${spell(Number(value))}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

/** strconv.FormatFloat(value, 'g', -1, 64): with an exponent of at least two digits from a million on. */
function spellLikeGo(value: number): string {
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < 6)) {
    return String(value);
  }
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** Display of Rust's f64: never an exponent. */
function spellLikeRust(value: number): string {
  return value.toLocaleString('en', { useGrouping: false, maximumFractionDigits: 20 });
}
