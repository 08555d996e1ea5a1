#!/usr/bin/env node
/**
 * containerd-shim-kata-v2: what containerd starts for runtime "io.containerd.kata.v2". The shim itself is loaded only in the
 * process that stays.
 */
import manifest from '../../package.json' with { type: 'json' };
import { runLauncher } from '../runtime/launcher.ts';

// Nothing is awaited here: the bundle is no module.
void runLauncher(process.argv.slice(2), {
  version: manifest.version,
  serve: async (command) => {
    const { serveShim } = await import('../runtime/index.ts');
    await serveShim(command);
    // Nothing that is left open may keep the process: containerd waits for its end.
    process.exit(0);
  },
}).then((exitCode) => {
  process.exitCode = exitCode;
});
