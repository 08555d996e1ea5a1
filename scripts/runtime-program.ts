/**
 * containerd-shim-kata-v2 as containerd starts it for runtime "io.containerd.kata.v2", for a bundle: a file with all that it
 * needs, in CommonJS, where nothing can be awaited here. The shim itself is loaded only in the process that stays.
 */
import manifest from '../package.json' with { type: 'json' };
import { runLauncher } from '../src/runtime/launcher.ts';

void runLauncher(process.argv.slice(2), {
  version: manifest.version,
  serve: async (command, stdin) => {
    const { serveShim } = await import('../src/runtime/index.ts');
    await serveShim(command, stdin);
    // Nothing that is left open may keep the process: containerd waits for its end.
    process.exit(0);
  },
}).then((exitCode) => {
  process.exitCode = exitCode;
});
