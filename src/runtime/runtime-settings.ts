/**
 * The settings of a sandbox: the annotations of the pod, then configuration.toml in upstream's form, then defaults.
 */
import { availableParallelism, totalmem } from 'node:os';
import { parse } from 'smol-toml';
import { readPlainFile } from '../program/index.ts';
import { defaultGuestDirectory, findGuestImage, findQemu } from '../shim/index.ts';

export interface RuntimeSettings {
  /** A directory for each sandbox is made in it, with the socket for metrics. */
  readonly sandboxesPath: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly qemuProgram: string;
  readonly memoryMib: number;
  readonly cpus: number;
  readonly accelerator: 'auto' | 'kvm' | 'tcg';
  readonly kernelArguments: readonly string[];
}

export interface SettingsSources {
  readonly env: NodeJS.ProcessEnv;
  /** Path from the options of the runtime in the configuration of containerd. */
  readonly configPath: string | undefined;
  /** Annotations of the pod. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Gets one message for each key that is not known. */
  readonly onUnknown: (message: string) => void;
}

const DEFAULT_SANDBOXES_PATH = '/run/vc/sbs';
const DEFAULT_CONFIG_PATH = '/etc/kata-metrics/configuration.toml';
/** Upstream's has 30 KB, most of it comments. */
const MAX_CONFIG_BYTES = 1024 * 1024;
const DEFAULT_MEMORY_MIB = 512;
/** With less memory, a guest has none left for containers. */
const MIN_MEMORY_MIB = 320;
const BYTES_PER_MIB = 1024 * 1024;

const ANNOTATION_PREFIX = 'io.katacontainers.config.hypervisor.';
const POD_MEMORY_BYTES = 'io.kubernetes.cri.sandbox-memory';
const POD_CPU_QUOTA = 'io.kubernetes.cri.sandbox-cpu-quota';
const POD_CPU_PERIOD = 'io.kubernetes.cri.sandbox-cpu-period';

/** Annotations that pods may use if the file does not list any. */
const DEFAULT_ENABLED: readonly string[] = ['default_memory', 'default_vcpus', 'kernel_params'];

/** The keys of [hypervisor.qemu] that mean something here, and what each has to be. */
const HYPERVISOR_KEYS = {
  path: 'text',
  kernel: 'text',
  initrd: 'text',
  kernel_params: 'text',
  default_memory: 'integer',
  default_vcpus: 'integer',
  enable_annotations: 'list',
  accelerator: 'text',
} as const;
type HypervisorKey = keyof typeof HYPERVISOR_KEYS;
type Values = Partial<Record<HypervisorKey, string | number | readonly string[]>>;

export function readSandboxesPath(env: NodeJS.ProcessEnv): string {
  return env['KATA_METRICS_SANDBOXES'] ?? DEFAULT_SANDBOXES_PATH;
}

/** @throws {Error} that names the file or the annotation, the limit and the value. */
export async function readRuntimeSettings(sources: SettingsSources): Promise<RuntimeSettings> {
  const { env, annotations } = sources;
  const file = readConfigFile(sources);
  const pod = readAnnotations(sources, file);
  const values = { ...file, ...pod };
  const { kernelPath, initrdPath } = await findGuest(values, env);
  const memoryMib = (values.default_memory as number | undefined) ?? DEFAULT_MEMORY_MIB;
  const cpus = (values.default_vcpus as number | undefined) ?? 1;
  return {
    sandboxesPath: readSandboxesPath(env),
    kernelPath,
    initrdPath,
    qemuProgram: (values.path as string | undefined) ?? findQemu(env) ?? 'qemu-system-x86_64',
    // The guest does not grow: what the pod's containers may use comes on top of what the guest itself needs.
    memoryMib: checkRange(
      'memory of the guest in MiB',
      memoryMib + readPodMemoryMib(annotations),
      MIN_MEMORY_MIB,
      Math.floor(totalmem() / BYTES_PER_MIB),
    ),
    cpus: checkRange('CPUs of the guest', Math.max(cpus, readPodCpus(annotations)), 1, availableParallelism()),
    accelerator: readAccelerator(values),
    kernelArguments: String(values.kernel_params ?? '')
      .split(/\s+/)
      .filter((word) => word !== ''),
  };
}

function readConfigFile({ env, configPath, onUnknown }: SettingsSources): Values {
  const path = configPath || env['KATA_CONF_FILE'] || DEFAULT_CONFIG_PATH;
  let text: string;
  try {
    text = readPlainFile(path, MAX_CONFIG_BYTES);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && path === DEFAULT_CONFIG_PATH) {
      return {};
    }
    throw new Error(`Cannot read the configuration of the runtime: ${(error as Error).message}`, { cause: error });
  }
  const document = parseToml(path, text);
  const values: Values = {};
  for (const [section, table] of flattenTables(document)) {
    for (const [key, value] of Object.entries(table)) {
      if (section === 'hypervisor.qemu' && isHypervisorKey(key)) {
        values[key] = checkKind(`"${key}" in "${path}"`, key, value);
      } else {
        onUnknown(`Key "${section}.${key}" of "${path}" has no effect`);
      }
    }
  }
  return values;
}

function parseToml(path: string, text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    throw new Error(`Cannot read "${path}": ${(error as Error).message.split('\n', 1)[0]}`, { cause: error });
  }
}

/** Tables by their dotted names, each with the values that are no tables. */
function* flattenTables(document: Record<string, unknown>, name = ''): Generator<[string, Record<string, unknown>]> {
  const own: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(document)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)) {
      yield* flattenTables(value as Record<string, unknown>, name === '' ? key : `${name}.${key}`);
    } else {
      own[key] = value;
    }
  }
  yield [name, own];
}

function readAnnotations({ annotations, onUnknown }: SettingsSources, file: Values): Values {
  const enabled = (file.enable_annotations as readonly string[] | undefined) ?? DEFAULT_ENABLED;
  const values: Values = {};
  for (const [name, text] of Object.entries(annotations)) {
    if (!name.startsWith('io.katacontainers.')) {
      continue;
    }
    const key = name.startsWith(ANNOTATION_PREFIX) ? name.slice(ANNOTATION_PREFIX.length) : '';
    if (!DEFAULT_ENABLED.includes(key)) {
      onUnknown(`Annotation "${name}" has no effect`);
    } else if (!enabled.includes(key)) {
      throw new Error(`Annotation "${name}" is not allowed: enable_annotations has ${JSON.stringify(enabled)}`);
    } else if (isHypervisorKey(key)) {
      const isNumber = HYPERVISOR_KEYS[key] === 'integer';
      values[key] = checkKind(`Annotation "${name}"`, key, isNumber && /^\d{1,9}$/.test(text) ? Number(text) : text);
    }
  }
  if (typeof file.kernel_params === 'string' && typeof values.kernel_params === 'string') {
    values.kernel_params = `${file.kernel_params} ${values.kernel_params}`;
  }
  return values;
}

function checkKind(what: string, key: HypervisorKey, value: unknown): string | number | readonly string[] {
  const kind = HYPERVISOR_KEYS[key];
  const isGood =
    kind === 'text'
      ? typeof value === 'string'
      : kind === 'integer'
        ? Number.isInteger(value)
        : Array.isArray(value) && value.every((each) => typeof each === 'string');
  if (!isGood) {
    throw new Error(`${what} must be ${kind === 'list' ? 'a list of texts' : kind}, got ${JSON.stringify(value)}`);
  }
  return value as string | number | readonly string[];
}

function checkRange(what: string, value: number, min: number, max: number): number {
  if (value < min || value > max) {
    throw new Error(`The ${what} must be from ${min} to ${max}, got ${value}`);
  }
  return value;
}

function readAccelerator({ accelerator = 'auto' }: Values): RuntimeSettings['accelerator'] {
  if (accelerator !== 'auto' && accelerator !== 'kvm' && accelerator !== 'tcg') {
    throw new Error(`"accelerator" must be auto, kvm or tcg, got ${JSON.stringify(accelerator)}`);
  }
  return accelerator;
}

/** containerd writes what the pod's containers may use together, where the kubelet says it. */
function readPodMemoryMib(annotations: Readonly<Record<string, string>>): number {
  return Math.ceil((Number(annotations[POD_MEMORY_BYTES]) || 0) / BYTES_PER_MIB);
}

function readPodCpus(annotations: Readonly<Record<string, string>>): number {
  const quota = Number(annotations[POD_CPU_QUOTA]) || 0;
  const period = Number(annotations[POD_CPU_PERIOD]) || 0;
  return quota > 0 && period > 0 ? Math.min(Math.ceil(quota / period), availableParallelism()) : 0;
}

async function findGuest({ kernel, initrd }: Values, env: NodeJS.ProcessEnv) {
  if (typeof kernel === 'string' && typeof initrd === 'string') {
    return { kernelPath: kernel, initrdPath: initrd };
  }
  const directory = env['KATA_METRICS_GUEST'] ?? defaultGuestDirectory(env);
  const image = await findGuestImage(directory);
  if (image === undefined) {
    throw new Error(
      `There is no guest in "${directory}" (npm run guest builds one), and no kernel and initrd are configured`,
    );
  }
  return {
    kernelPath: typeof kernel === 'string' ? kernel : image.kernelPath,
    initrdPath: typeof initrd === 'string' ? initrd : image.initrdPath,
  };
}

function isHypervisorKey(key: string): key is HypervisorKey {
  return Object.hasOwn(HYPERVISOR_KEYS, key);
}
