/**
 * kata-agent as the guest has it: the same as src/bin/kata-agent.ts, for a bundle. In CommonJS, which loads less of Node.js
 * than a module does, nothing can be awaited here; and the version is part of the file.
 */
import manifest from '../../package.json' with { type: 'json' };
import { runAgentProgram } from '../../src/agent/index.ts';

void runAgentProgram(process.argv.slice(2), manifest.version).then((exitCode) => {
  process.exitCode = exitCode;
});
