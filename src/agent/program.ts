/**
 * kata-agent from its command line: listens until SIGTERM or SIGINT.
 */

import { formatHelp, OptionError, type OptionValues, parseOptions } from '../options/index.ts';
import { createJsonLog, waitForEndSignal } from '../program/index.ts';
import { agentOptions } from '../settings/agent.ts';
import { formatAddress, parseAddress } from '../transport/index.ts';
import { isContainerId } from './containers/find-container.ts';
import { startAgent } from './start-agent.ts';

const NAME = 'kata-agent';
const USAGE = 'kata-agent --listen <address>';
const ABOUT = 'Serves metrics of this guest and of the agent itself over ttrpc.';

/** Exit code for a command line that cannot be used. */
const EXIT_USAGE = 2;

/** Returns the exit code; resolves when the agent has ended. */
export async function runAgentProgram(args: readonly string[], version: string): Promise<number> {
  try {
    const parsed = parseOptions(agentOptions, args);
    switch (parsed.kind) {
      case 'help':
        process.stdout.write(formatHelp(USAGE, ABOUT, agentOptions));
        return 0;
      case 'version':
        process.stdout.write(`kata-agent ${version}\n`);
        return 0;
      case 'values':
        return await serve(parsed.values, version);
    }
  } catch (error) {
    if (error instanceof OptionError || error instanceof TypeError) {
      process.stderr.write(`kata-agent: ${error.message}\nTry "kata-agent --help"\n`);
      return EXIT_USAGE;
    }
    createJsonLog({ name: NAME, level: 'error' }).error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function serve(
  { listen, procRoot, container, logLevel }: OptionValues<typeof agentOptions>,
  version: string,
): Promise<number> {
  const log = createJsonLog({ name: NAME, level: logLevel });
  const ending = waitForEndSignal();
  const agent = await startAgent({
    listen: parseAddress(listen),
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
      if (id === undefined || path === undefined || !isContainerId(id)) {
        throw new OptionError(`Option "--container" must be <id>=/<path of its cgroup>, got "${text}"`);
      }
      return [id, path];
    }),
  );
}
