/**
 * kata-shim from its command line: `attach` to a running sandbox, or `run` a whole one, until SIGTERM or SIGINT.
 */

import {
  formatHelp,
  OptionError,
  type OptionTable,
  type OptionValues,
  parseOptions,
  suggest,
} from '../options/index.ts';
import { createJsonLog, exitCodes, readOption, runProgram, waitForEndSignal } from '../program/index.ts';
import { attachOptions, runOptions } from '../settings/shim.ts';
import { parseAddress } from '../transport/index.ts';
import { MAX_CONTAINERS } from './agent/container-stats.ts';
import { chooseHypervisor } from './choose-hypervisor.ts';
import { attachHypervisor } from './hypervisors/attached.ts';
import { attachFirecracker } from './hypervisors/firecracker/attach.ts';
import { checkMonitorPath } from './hypervisors/qemu/attached-monitor.ts';
import { checkSandboxId } from './sandbox-directory.ts';
import { type ShimOptions, startShim } from './start-shim.ts';

export interface ShimProgram {
  readonly version: string;
  /** Starts an agent of this package; as the shell reads it. */
  readonly defaultAgentCommand: string;
}

const COMMANDS = {
  attach: { table: attachOptions, about: 'Serves the metrics of a sandbox that runs already.' },
  run: { table: runOptions, about: 'Starts a sandbox and serves its metrics; when it ends, nothing is left.' },
} as const;

const USAGE = `Usage: kata-shim attach|run [options]

Serves the metrics of one sandbox on <root>/<sandbox id>/shim-monitor.sock. See kata-shim attach --help and
kata-shim run --help.
`;

/** Returns the exit code; resolves when the shim has ended. */
export function runShimProgram(args: readonly string[], program: ShimProgram): Promise<number> {
  const helpCommand = ['kata-shim', ...(isCommand(args[0]) ? [args[0]] : []), '--help'].join(' ');
  const reportFailure = createJsonLog({ name: 'kata-shim', level: 'error' }).error;
  return runProgram({ name: 'kata-shim', helpCommand, reportFailure }, () => runCommand(args, program));
}

function isCommand(word: string | undefined): word is keyof typeof COMMANDS {
  return word !== undefined && Object.hasOwn(COMMANDS, word);
}

async function runCommand([command, ...rest]: readonly string[], program: ShimProgram): Promise<number> {
  switch (command) {
    case 'attach': {
      const values = readOptions(command, attachOptions, rest, program);
      return values === undefined ? 0 : serve(toAttached(values));
    }
    case 'run': {
      const values = readOptions(command, runOptions, rest, program);
      return values === undefined
        ? 0
        : serve({
            ...toCommon(values),
            // Without a virtual machine, the workload is what its containers would be, and it is known by its processes.
            cgroup: { kind: 'make', hasWorkload: values.hypervisor === 'process' },
            hasLastWords: true,
            isWholeProcess: true,
            openHypervisor: await chooseHypervisor(values, program),
          });
    }
    case '--help':
    case '-h':
    case '-help':
      process.stdout.write(USAGE);
      return 0;
    case '--version':
    case '-version':
      process.stdout.write(`kata-shim ${program.version}\n`);
      return 0;
    default:
      throw new OptionError(
        command === undefined
          ? 'Expected a command: attach or run'
          : `Unknown command "${command}"${suggest(command, Object.keys(COMMANDS))}`,
      );
  }
}

/** Undefined when the output has been printed already. */
function readOptions<const T extends OptionTable>(
  command: keyof typeof COMMANDS,
  table: T,
  args: readonly string[],
  { version }: ShimProgram,
): OptionValues<T> | undefined {
  const parsed = parseOptions(table, args);
  switch (parsed.kind) {
    case 'values':
      return parsed.values;
    case 'help':
      process.stdout.write(formatHelp(`kata-shim ${command} [options]`, COMMANDS[command].about, table));
      return undefined;
    case 'version':
      process.stdout.write(`kata-shim ${version}\n`);
      return undefined;
  }
}

type CommonValues = Pick<
  OptionValues<typeof attachOptions>,
  'agentTimeoutMs' | 'allInterfaces' | 'container' | 'logLevel' | 'noGoCompat' | 'root' | 'sandboxId'
>;

function toCommon({ sandboxId, root, agentTimeoutMs, allInterfaces, container, noGoCompat, logLevel }: CommonValues) {
  if (container.length > MAX_CONTAINERS) {
    throw new OptionError(`Option "--container" can be given at most ${MAX_CONTAINERS} times, got ${container.length}`);
  }
  const fields = { sandbox: readOption(() => checkSandboxId(sandboxId)) };
  const log = createJsonLog({ name: 'kata-shim', level: logLevel, fields });
  const containerIds = [...new Set(container)];
  return {
    sandboxId,
    root,
    agentTimeoutMs,
    containerIds,
    hasGoFamilies: !noGoCompat,
    hasAllInterfaces: allInterfaces,
    log,
  };
}

function toAttached(values: OptionValues<typeof attachOptions>): ShimOptions {
  const agentAddress = readOption(() => parseAddress(values.agent));
  const {
    hypervisorPid,
    virtiofsdPid,
    cgroup,
    firecrackerApi: apiSocketPath,
    firecrackerMetrics: metricsPath,
    qemuMonitor: qemuMonitorPath,
  } = values;
  const monitorFault = qemuMonitorPath === undefined ? undefined : checkMonitorPath(qemuMonitorPath);
  if (monitorFault !== undefined) {
    throw new OptionError(`Option "--qemu-monitor" ${monitorFault}`);
  }
  const isFirecracker = apiSocketPath !== undefined || metricsPath !== undefined;
  return {
    ...toCommon(values),
    // The sandbox goes on without it.
    hasLastWords: false,
    isAttached: true,
    // Its processes are where others have put them.
    cgroup: cgroup === undefined ? { kind: 'none' } : { kind: 'given', path: checkCgroupPath(cgroup) },
    openHypervisor: isFirecracker
      ? (context) => attachFirecracker({ hypervisorPid, agentAddress, apiSocketPath, metricsPath }, context)
      : (context) => attachHypervisor({ hypervisorPid, virtiofsdPid, agentAddress, qemuMonitorPath }, context),
  };
}

function checkCgroupPath(path: string): string {
  if (!path.startsWith('/') || path.split('/').includes('..')) {
    throw new OptionError(`Option "--cgroup" must be a path from the root of the cgroups, got "${path}"`);
  }
  return path;
}

async function serve(options: ShimOptions): Promise<number> {
  const { log } = options;
  const signalled = waitForEndSignal();
  const shim = await startShim(options);
  log.info(`Serving on "${shim.socketPath}"`);
  const { reason, isFailure } = await Promise.race([
    signalled.then((signal) => ({ reason: signal, isFailure: false })),
    shim.ended,
  ]);
  log[isFailure ? 'error' : 'info'](`Ending: ${reason}`);
  await shim.close();
  return isFailure ? exitCodes.failed : exitCodes.done;
}
