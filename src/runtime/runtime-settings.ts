/**
 * What a sandbox is made with: from configuration.toml, from a pod's annotations, and from defaults.
 */
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
  readonly hasDebugConsole: boolean;
}

const DEFAULT_SANDBOXES_PATH = '/run/vc/sbs';
const DEFAULT_MEMORY_MIB = 512;

export function readSandboxesPath(env: NodeJS.ProcessEnv): string {
  return env['KATA_METRICS_SANDBOXES'] ?? DEFAULT_SANDBOXES_PATH;
}

/** Rejects with an Error that says what is missing. */
export async function readRuntimeSettings(env: NodeJS.ProcessEnv): Promise<RuntimeSettings> {
  const directory = env['KATA_METRICS_GUEST'] ?? defaultGuestDirectory(env);
  const image = await findGuestImage(directory);
  if (image === undefined) {
    throw new Error(`there is no guest in "${directory}" (npm run guest builds one)`);
  }
  return {
    sandboxesPath: readSandboxesPath(env),
    kernelPath: image.kernelPath,
    initrdPath: image.initrdPath,
    qemuProgram: findQemu(env) ?? 'qemu-system-x86_64',
    memoryMib: DEFAULT_MEMORY_MIB,
    cpus: 1,
    accelerator: 'auto',
    kernelArguments: [],
    hasDebugConsole: false,
  };
}
