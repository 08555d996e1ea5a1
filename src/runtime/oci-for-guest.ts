/**
 * Converts the OCI specification that containerd has written for the host to one for the guest, without paths of the
 * host. Source: config.md and config-linux.md of the OCI runtime specification.
 */
import { fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import {
  type LinuxResources,
  LinuxResourcesSchema,
  type Process,
  ProcessSchema,
  type Spec,
  SpecSchema,
} from '../runtime-proto/index.ts';
import { Code, TtrpcError } from '../ttrpc/index.ts';
import { fitToGuest } from './guest-resources.ts';

/** A bind mount of the specification, whose source is a path of the host. */
export interface HostMount {
  readonly source: string;
  readonly isReadOnly: boolean;
  /** And so are the mounts below it. */
  readonly isReadOnlyBelow: boolean;
  /** Mounts that the host makes below the source later appear in the guest too. */
  readonly followsHost: boolean;
}

export interface GuestSpecOptions {
  readonly containerId: string;
  /** From CreateTaskRequest, which may differ from the specification. */
  readonly hasTerminal: boolean;
  readonly rootPath: string;
  /** Gives the path in the guest under which a bind mount's source is found. */
  readonly share: (mount: HostMount) => Promise<SharedMount>;
  /** CPUs of the guest. */
  readonly guestCpus: number;
  /** Called for what was omitted from the specification. */
  readonly onOmitted: (message: string) => void;
  /** Kernel parameters of the pod. */
  readonly sysctls: Readonly<Record<string, string>>;
}

export interface SharedMount {
  /** Path in the guest. */
  readonly path: string;
  /** Whether there are mounts below it, which the guest cannot distinguish from it. */
  readonly hasMountsBelow: boolean;
}

export interface GuestSpec {
  readonly spec: Spec;
  /** The container shares the PID namespace of its pod. */
  readonly hasSharedPids: boolean;
}

type Mount = Spec['mounts'][number];

/** crun of Debian 12 knows it, and nothing that is newer is used. */
const OCI_VERSION = '1.0.2';
const MAX_SPEC_BYTES = 16 * 1024 * 1024;
/** crun makes them in every container. */
const USUAL_DEVICES: ReadonlySet<string> = new Set(
  ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'console', 'ptmx'].map((name) => `/dev/${name}`),
);
/** Namespaces that the containers of a pod share, which are those of the guest. */
const GUEST_NAMESPACES: ReadonlySet<string> = new Set(['network', 'pid']);
const SHM_PATH = '/dev/shm';

/** @throws {TtrpcError} INVALID_ARGUMENT if the text is not a valid specification. */
export function parseSpec(text: string): Spec {
  if (text.length > MAX_SPEC_BYTES) {
    throw invalid(`it has ${text.length} characters, at most ${MAX_SPEC_BYTES} are read`);
  }
  return convert(
    () => fromJson(SpecSchema, withWildcards(parseJson(text)), { ignoreUnknownFields: true }),
    'specification',
  );
}

/** The same, of the process of an exec. */
export function parseProcess(text: string): Process {
  return convert(() => fromJson(ProcessSchema, parseJson(text), { ignoreUnknownFields: true }), 'process');
}

/** The same, of the resources of an update. */
export function parseResources(text: string): LinuxResources {
  return convert(() => fromJson(LinuxResourcesSchema, parseJson(text), { ignoreUnknownFields: true }), 'resources');
}

/**
 * Changes `spec`.
 * @throws {TtrpcError} UNIMPLEMENTED for what a guest cannot have, INVALID_ARGUMENT for what no kernel takes.
 */
export async function prepareForGuest(spec: Spec, options: GuestSpecOptions): Promise<GuestSpec> {
  const { containerId, hasTerminal, rootPath, share, guestCpus, onOmitted, sysctls } = options;
  spec.version = OCI_VERSION;
  if (spec.process === undefined || spec.linux === undefined || spec.root === undefined) {
    throw invalid('it has no process, no root or no part for Linux');
  }
  prepareProcess(spec.process, hasTerminal);
  spec.root.path = rootPath;
  const { linux } = spec;
  if (linux.uidMappings.length > 0 || linux.gidMappings.length > 0) {
    throw new TtrpcError(
      Code.unimplemented,
      'User namespaces of containers are not supported: the guest separates users',
    );
  }
  const device = linux.devices.find(({ path }) => !USUAL_DEVICES.has(path));
  if (device !== undefined) {
    throw new TtrpcError(
      Code.unimplemented,
      `Device "${device.path}" of the host is not supported; for privileged containers set privileged_without_host_devices`,
    );
  }
  linux.devices = [];
  if (linux.resources !== undefined) {
    fitToGuest(linux.resources, guestCpus, onOmitted);
  }
  linux.cgroupsPath = `/kata/${containerId}`;
  linux.mountLabel = '';
  linux.sysctl = { ...sysctls, ...linux.sysctl };
  // That of the node, if none is there, is the pod's too.
  const pids = linux.namespaces.find(({ type }) => type === 'pid');
  const hasSharedPids = pids === undefined || pids.path !== '';
  const isShared = (type: string): boolean => linux.namespaces.some((each) => each.type === type && each.path !== '');
  // A namespace with a path belongs to the pod. The pod's IPC is the guest's; the others begin as copies of the guest's.
  const isKept = (type: string): boolean => !GUEST_NAMESPACES.has(type) && !(type === 'ipc' && isShared('ipc'));
  linux.namespaces = linux.namespaces.filter(({ type }) => isKept(type));
  for (const namespace of linux.namespaces) {
    namespace.path = '';
  }
  for (const mount of spec.mounts.filter(isBindMount)) {
    if (mount.destination === SHM_PATH) {
      mount.source = SHM_PATH;
    } else {
      const hostMount = toHostMount(mount);
      const { path, hasMountsBelow } = await share(hostMount);
      mount.source = path;
      mount.options = toGuestOptions(mount.options, hostMount, hasMountsBelow);
    }
  }
  return { spec, hasSharedPids };
}

/** @throws {TtrpcError} UNIMPLEMENTED for what two kernels cannot do: a mount in the guest is none on the host. */
function toHostMount({ source, destination, options }: Mount): HostMount {
  const shared = options.find((option) => option === 'shared' || option === 'rshared');
  if (shared !== undefined) {
    throw new TtrpcError(
      Code.unimplemented,
      `Cannot mount "${source}" at "${destination}": option "${shared}" (bidirectional propagation) is not supported, mounts of a guest do not appear on the host`,
    );
  }
  return {
    source,
    isReadOnly: options.includes('ro') || options.includes('rro'),
    isReadOnlyBelow: options.includes('rro'),
    followsHost: options.includes('slave') || options.includes('rslave'),
  };
}

/**
 * Options of a mount in the guest. There, a volume and the mounts below it are one file system, so read-only would apply
 * to all of them; the host keeps them apart.
 */
function toGuestOptions(options: string[], mount: HostMount, hasMountsBelow: boolean): string[] {
  const isMixed = mount.isReadOnly && !mount.isReadOnlyBelow && hasMountsBelow;
  return options
    .filter((option) => option !== 'rro' && !(isMixed && option === 'ro'))
    .concat(mount.isReadOnlyBelow ? ['ro'] : []);
}

/** Profiles of AppArmor and SELinux are those of this host's kernel. */
export function prepareProcess(process: Process, hasTerminal: boolean): Process {
  process.terminal = hasTerminal;
  process.apparmorProfile = '';
  process.selinuxLabel = '';
  return process;
}

function isBindMount({ type, options }: Mount): boolean {
  return type === 'bind' || options.includes('bind') || options.includes('rbind');
}

/** Numbers that a double cannot hold, such as the greatest limit there is, stay text, which protobuf reads. */
function parseJson(text: string): JsonValue {
  const keepDigits = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const isInteger = typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '');
    return isInteger && !Number.isSafeInteger(value) ? context!.source : value;
  };
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown) as JsonValue;
}

/** A rule for devices without a number is for all of them; in the message that is -1, for there is no "not set". */
function withWildcards(spec: JsonValue): JsonValue {
  const linux = (spec as { linux?: { resources?: { devices?: JsonObject[] } } } | null)?.linux;
  for (const device of linux?.resources?.devices ?? []) {
    device['major'] ??= -1;
    device['minor'] ??= -1;
  }
  return spec;
}

function convert<T>(read: () => T, what: string): T {
  try {
    return read();
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error), what);
  }
}

function invalid(reason: string, what = 'specification'): TtrpcError {
  return new TtrpcError(Code.invalidArgument, `Cannot read the OCI ${what}: ${reason}`);
}
