/**
 * kata-agent from its command line: listens until SIGTERM or SIGINT.
 */

import { isId } from '../ids/index.ts';
import { formatHelp, OptionError, type OptionValues, parseOptions } from '../options/index.ts';
import { createJsonLog, exitCodes, readOption, runProgram, waitForEndSignal } from '../program/index.ts';
import { agentOptions } from '../settings/agent.ts';
import { formatAddress, parseAddress } from '../transport/index.ts';
import { startAgent } from './start-agent.ts';

const NAME = 'kata-agent';
const USAGE = 'kata-agent --listen <address>';
const ABOUT = 'Serves metrics of this guest and of the agent itself over ttrpc.';

/** Returns the exit code; resolves when the agent has ended. */
export function runAgentProgram(args: readonly string[], version: string): Promise<number> {
  const reportFailure = createJsonLog({ name: NAME, level: 'error' }).error;
  return runProgram({ name: NAME, helpCommand: `${NAME} --help`, reportFailure }, async () => {
    const parsed = parseOptions(agentOptions, args);
    switch (parsed.kind) {
      case 'help':
        process.stdout.write(formatHelp(USAGE, ABOUT, agentOptions));
        return exitCodes.done;
      case 'version':
        process.stdout.write(`${NAME} ${version}\n`);
        return exitCodes.done;
      case 'values':
        return serve(parsed.values, version);
    }
  });
}

async function serve(
  { listen, runtimeListen, procRoot, container, logLevel }: OptionValues<typeof agentOptions>,
  version: string,
): Promise<number> {
  const log = createJsonLog({ name: NAME, level: logLevel });
  const ending = waitForEndSignal();
  const agent = await startAgent({
    listen: readOption(() => parseAddress(listen)),
    ...(runtimeListen !== undefined && { runtimeListen: readOption(() => parseAddress(runtimeListen)) }),
    version,
    procRoot,
    containers: parseContainers(container),
    onDebug: log.debug,
    onSkipped: log.warn,
  });
  log.info(`Listening on "${formatAddress(agent.address)}"`);
  const signal = await ending;
  log.info(`Ending on ${signal}`);
  await agent.close();
  return 0;
}

function parseContainers(texts: readonly string[]): Map<string, string> {
  return new Map(
    texts.map((text): [string, string] => {
      const [, id, path] = /^([^=]+)=(\/.*)$/.exec(text) ?? [];
      if (id === undefined || path === undefined || !isId(id)) {
        throw new OptionError(`Option "--container" must be <id>=/<path of its cgroup>, got "${text}"`);
      }
      return [id, path];
    }),
  );
}
