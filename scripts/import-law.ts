/**
 * The import law of src/: which module may import which, and which folder of a module may import which of its other
 * folders. `moduleLaw` and `folderLaw` are the tables; `checkImports` checks the source text of all files against them, and
 * finds import cycles. Called by scripts/check.ts and by the generator of ARCHITECTURE.md's table; reads no file itself.
 *
 * Other modules enter a module by its entry points only. Files of test/, bench/ and scripts/ are not checked.
 */
import { posix } from 'node:path';
import { findCycles } from './import-cycles.ts';
import { findImports, type Import } from './import-specifiers.ts';

export interface ModuleLaw {
  /** What the module is for, one line of ARCHITECTURE.md. */
  readonly purpose: string;
  /** The modules that it may import. */
  readonly imports: readonly string[];
  /** Modules that it may load by `import()` only, when a command needs them. */
  readonly loads?: readonly string[];
  /** A module without it opens no file, socket or process by itself. */
  readonly io: boolean;
  /** The files by which other modules enter it; `index.ts` when there are none. */
  readonly entryPoints?: readonly string[];
}

const programModules = ['catalog', 'collectors', 'exposition', 'options', 'procfs', 'program', 'proto', 'settings'];

export const moduleLaw: Readonly<Record<string, ModuleLaw>> = {
  catalog: {
    purpose: 'every metric family as typed data',
    imports: [],
    io: false,
    // Profiles, limits and hypervisors are options: reading a command line must not load every family.
    entryPoints: ['index.ts', 'profiles.ts', 'sandbox-error-reasons.ts', 'sandbox-limits.ts', 'hypervisors.ts'],
  },
  exposition: { purpose: 'the exposition formats: bytes in, bytes out', imports: [], io: false },
  api: {
    purpose: 'the objects of /api/v1 and /events: schemas, their types, OpenAPI',
    imports: [],
    io: false,
    // The kinds of events are options.
    entryPoints: ['index.ts', 'event-kinds.ts'],
  },
  view: {
    purpose: 'what people see of sandboxes, on the page and in the terminal: rates, columns, filters, formats',
    imports: ['api', 'catalog'],
    io: false,
  },
  procfs: { purpose: 'one reader and one parser for each file of /proc and of cgroups', imports: [], io: true },
  options: { purpose: 'command lines, parsed by tables of options', imports: [], io: false },
  program: {
    purpose: 'what every program shares: log, signals, heap limits, version, clock',
    imports: ['options'],
    io: true,
    // A command line needs neither the log nor the work in turns; the page runs in a browser.
    entryPoints: [
      'growing-bytes.ts',
      'index.ts',
      'json-log.ts',
      'plain-file.ts',
      'lean-heap.ts',
      'lean-malloc.ts',
      'package-version.ts',
      'printable.ts',
      'run-program.ts',
      'small-process.ts',
      'stripped-types.ts',
    ],
  },
  wire: { purpose: 'the wire format of protobuf, and messages by tables of their fields', imports: [], io: false },
  proto: {
    purpose: '.proto files and the code generated from them',
    imports: ['wire'],
    io: false,
    // Tables of the messages of a scrape: for programs that do not load the generated code.
    entryPoints: ['index.ts', 'agent-messages.ts', 'cri-messages.ts', 'envelope-messages.ts'],
  },
  'runtime-proto': {
    purpose: 'the same, of what a runtime speaks: with containerd, and with the agent about containers',
    imports: [],
    io: false,
  },
  grpc: { purpose: 'status codes of gRPC and ttrpc, and how gRPC sends messages over HTTP/2', imports: [], io: false },
  ttrpc: {
    purpose: 'frames, client and server over any Duplex',
    imports: ['grpc', 'proto', 'wire'],
    io: false,
    // Without protobuf-es: core.ts.
    entryPoints: ['index.ts', 'core.ts', 'add-described-service.ts'],
  },
  ids: { purpose: 'what an id of a sandbox or a container may look like', imports: [], io: false },
  'guest-exporters': {
    purpose: 'exporters in a guest: names, addresses, and what one of them may send',
    imports: [],
    io: false,
  },
  'socket-path': { purpose: 'paths of sockets that are longer than an address may be', imports: [], io: true },
  transport: {
    purpose: 'addresses to streams: unix, AF_VSOCK, hybrid vsock, serial lines',
    imports: ['program', 'socket-path'],
    io: true,
  },
  systemd: { purpose: 'sockets that systemd passes, notifications to it', imports: [], io: true },
  'shim-client': {
    purpose: 'one limited GET over the socket of a shim',
    imports: ['guest-exporters', 'socket-path'],
    io: true,
  },
  'web-config': { purpose: 'web.yml: TLS, passwords, headers, rate limits', imports: ['program'], io: true },
  sandboxes: {
    purpose: 'which sandboxes there are, and the state of their sockets',
    imports: ['ids', 'program'],
    io: true,
    // The default roots are options.
    entryPoints: ['index.ts', 'sandbox.ts'],
  },
  'last-words': {
    purpose: 'the final values of a sandbox, from the shim that writes them to the monitor that reads them',
    imports: ['ids'],
    io: true,
  },
  'cloud-hypervisor': {
    purpose: 'the counters of Cloud Hypervisor, over its API',
    imports: ['collectors', 'sandboxes', 'shim-client'],
    io: true,
  },
  'sandbox-policy': {
    purpose: 'what a sandbox may send: limits, reserved labels, prefixes, selection',
    imports: ['catalog', 'exposition', 'options'],
    io: false,
    entryPoints: ['index.ts', 'for-options.ts'],
  },
  cri: {
    purpose: 'what the container manager knows: pods, containers, labels',
    imports: ['grpc', 'program', 'proto', 'wire'],
    io: true,
    // The default sockets and the labels of pods are options.
    entryPoints: ['index.ts', 'known-sockets.ts', 'pod-labels.ts'],
  },
  settings: {
    purpose: 'the flags of every program, as tables',
    imports: [
      'api',
      'catalog',
      'cri',
      'guest-exporters',
      'options',
      'program',
      'sandbox-policy',
      'sandboxes',
      'view',
      'web-config',
    ],
    io: true,
    // One for each program: a shim must not load the options of the monitor.
    entryPoints: [
      'agent.ts',
      'cli.ts',
      'guest-exporters.ts',
      'listen-address.ts',
      'log-levels.ts',
      'monitor.ts',
      'otlp.ts',
      'shim.ts',
      'tls-files.ts',
    ],
  },
  collectors: {
    purpose: 'one file for each group of families; `family()` accepts only what the catalog has',
    imports: ['catalog', 'exposition', 'procfs'],
    io: true,
  },
  'derived-metrics': {
    purpose: "a sandbox's metrics in base units, from the body of any runtime's shim",
    imports: ['catalog', 'exposition'],
    io: false,
    // The command line needs only the state of the guest, and no catalog for that.
    entryPoints: ['index.ts', 'guest-state.ts', 'has-guest.ts'],
  },
  agent: {
    purpose: 'kata-agent, in the guest',
    imports: [...programModules, 'guest-exporters', 'ids', 'runtime-proto', 'transport', 'ttrpc'],
    io: true,
  },
  shim: {
    purpose: 'kata-shim, one for each sandbox',
    imports: [
      ...programModules,
      'guest-exporters',
      'ids',
      'last-words',
      'sandbox-policy',
      'transport',
      'ttrpc',
      'wire',
    ],
    // For the last reading of a guest.
    loads: ['derived-metrics'],
    io: true,
  },
  runtime: {
    purpose: 'containerd-shim-kata-v2: pods of containerd in virtual machines',
    imports: ['ids', 'program', 'proto', 'runtime-proto', 'shim', 'transport', 'ttrpc'],
    io: true,
    // Starting and deleting must not load the shim.
    entryPoints: ['index.ts', 'launcher.ts'],
  },
  otlp: {
    purpose: 'pushes what a scrape has to an OTLP endpoint',
    imports: ['catalog', 'collectors', 'exposition', 'grpc', 'settings', 'wire'],
    io: true,
  },
  monitor: {
    purpose: 'kata-monitor, one for each node',
    // `kata-metrics up` starts a monitor without the program around it, `top` reads the node without a server,
    // and `page` serves the page without a node.
    entryPoints: ['index.ts', 'local-events.ts', 'local-node.ts', 'page-server.ts', 'program.ts'],
    imports: [
      ...programModules,
      'api',
      'cloud-hypervisor',
      'cri',
      'derived-metrics',
      'guest-exporters',
      'last-words',
      // Its types; it is loaded only with an endpoint.
      'otlp',
      'sandbox-policy',
      'sandboxes',
      'shim-client',
      'socket-path',
      'systemd',
      'web-config',
    ],
    io: true,
  },
  cli: {
    purpose: 'the commands of kata-metrics',
    imports: [
      'api',
      'catalog',
      'cri',
      'derived-metrics',
      'exposition',
      'last-words',
      'options',
      'program',
      'sandbox-policy',
      'sandboxes',
      'settings',
      'shim-client',
      'view',
      'monitor',
      'shim',
    ],
    io: true,
  },
  bin: {
    purpose: 'the executables: load a program and run it',
    imports: ['agent', 'cli', 'monitor', 'program', 'shim'],
    io: true,
  },
};

/**
 * The folders inside modules that have them, and which of its other folders each may import. Files that lie in no folder
 * may import all of them, and no folder imports those.
 */
export const folderLaw: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  exposition: {
    format: [],
    scan: ['format'],
    select: ['format', 'scan'],
    deflate: [],
    write: ['deflate', 'format', 'scan'],
    form: ['format', 'scan', 'write'],
  },
  monitor: {
    events: [],
    scrape: [],
    ended: ['scrape'],
    answer: ['ended', 'events', 'scrape'],
    api: ['answer', 'ended', 'scrape'],
    http: ['answer', 'api', 'ended', 'events', 'scrape'],
  },
};

/** The module that none may import. */
const programsModule = 'bin';

const ioModules =
  /^node:(?:fs|fs\/promises|net|tls|dgram|http|https|http2|child_process|cluster|worker_threads|dns|dns\/promises)$/;

/**
 * What an `import` of these loads though it is not used. An import of node:http as a module reads all its exports, with them
 * a WebSocket client: 6.5 MiB of anonymous memory instead of 0.8. TLS takes 3 MiB.
 */
const heavyModules = /^node:(?:http|https|http2|tls)$/;

function isTest(path: string): boolean {
  return path.endsWith('.test.ts');
}

/** The module of a file below src/, or undefined for one that is in none. */
export function moduleOf(path: string): string | undefined {
  const parts = path.split('/');
  return parts[0] === 'src' && parts.length > 2 ? parts[1] : undefined;
}

/** The folder of a file inside its module, or undefined for one that lies directly in it. */
function folderOf(path: string): string | undefined {
  const parts = path.split('/');
  return parts.length > 3 ? parts[2] : undefined;
}

function checkLibrary(path: string, module: string, { specifier, isLoaded, isType }: Import): string[] {
  if (!specifier.startsWith('node:') && ioModules.test(`node:${specifier}`)) {
    return [`${path}: "${specifier}" must be written "node:${specifier}"`];
  }
  if (heavyModules.test(specifier) && !isLoaded && !isType && !isTest(path)) {
    return [
      `${path}: "${specifier}" takes megabytes: import its types only, and use process.getBuiltinModule('${specifier}')`,
    ];
  }
  const isRefused = moduleLaw[module]?.io === false && !isTest(path) && ioModules.test(specifier);
  return isRefused ? [`${path}: module "${module}" does no input or output, but imports "${specifier}"`] : [];
}

function checkFolders(path: string, module: string, target: string): string[] {
  const folders = folderLaw[module];
  const from = folderOf(path);
  const to = folderOf(target);
  if (folders === undefined || from === undefined || from === to || isTest(path)) {
    return [];
  }
  const allowed = folders[from];
  if (allowed === undefined) {
    return [`${path}: folder "${from}" of module "${module}" is not in the import law`];
  }
  if (to === undefined) {
    return [`${path}: folder "${from}" may not import "${target}", which lies above it`];
  }
  return allowed.includes(to) ? [] : [`${path}: folder "${from}" may not import folder "${to}" ("${target}")`];
}

/** The build puts what is used of it into the programs. */
const manifestPath = 'package.json';

function checkRelative(path: string, module: string, target: string, isLoaded: boolean): string[] {
  if (!target.startsWith('src/')) {
    const isAllowed = isTest(path) || (module === programsModule && target === manifestPath);
    return isAllowed ? [] : [`${path}: the product may not import "${target}", which is outside of src/`];
  }
  const targetModule = moduleOf(target);
  if (targetModule === module) {
    return checkFolders(path, module, target);
  }
  if (targetModule === undefined) {
    return [`${path}: "${target}" is in no module`];
  }
  if (targetModule === programsModule) {
    return [`${path}: no module may import module "${programsModule}", but this does: "${target}"`];
  }
  const { imports = [], loads = [] } = moduleLaw[module] ?? {};
  if (!imports.includes(targetModule)) {
    if (!loads.includes(targetModule)) {
      return [`${path}: module "${module}" may not import module "${targetModule}" ("${target}")`];
    }
    if (!isLoaded && !isTest(path)) {
      return [`${path}: module "${module}" may load module "${targetModule}" by import() only ("${target}")`];
    }
  }
  const entryPoints = moduleLaw[targetModule]?.entryPoints ?? ['index.ts'];
  if (!entryPoints.some((entryPoint) => target === `src/${targetModule}/${entryPoint}`)) {
    return [`${path}: module "${targetModule}" is entered by its ${entryPoints.join(', ')} only, not by "${target}"`];
  }
  return [];
}

function checkFile(path: string, text: string): string[] {
  const module = moduleOf(path);
  if (module === undefined) {
    return [`${path}: is in no module of src/`];
  }
  if (moduleLaw[module] === undefined) {
    return [`${path}: module "${module}" is not in the import law`];
  }
  return findImports(text).flatMap((found) => {
    const { specifier, isLoaded } = found;
    if (!specifier.startsWith('.')) {
      return checkLibrary(path, module, found);
    }
    if (!/\.(?:ts|json)$/.test(specifier)) {
      return [`${path}: "${specifier}" must end with .ts`];
    }
    return checkRelative(path, module, posix.join(posix.dirname(path), specifier), isLoaded);
  });
}

/** The modules that the page in web/ may import, by their entry points: they run in a browser too. */
const webModules: readonly string[] = ['api', 'program', 'view'];

/** The breaches of the files of web/, which import files of their folder and a few modules. */
export function checkWebImports(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) =>
    findImports(text).flatMap(({ specifier }) => {
      if (specifier.startsWith('node:')) {
        return isTest(path) ? [] : [`${path}: the page runs in a browser, but imports "${specifier}"`];
      }
      const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
      const module = target === undefined ? undefined : moduleOf(target);
      if (target === undefined || (module === undefined && target.startsWith('web/'))) {
        return [];
      }
      const entryPoints = module === 'program' ? ['printable.ts'] : ['index.ts'];
      const isAllowed =
        module !== undefined &&
        webModules.includes(module) &&
        entryPoints.some((entryPoint) => target === `src/${module}/${entryPoint}`);
      return isAllowed || isTest(path) ? [] : [`${path}: the page may not import "${target}"`];
    }),
  );
}

/** The relative imports of each file, as paths from the repository. Types count as imports too. */
export function importGraph(files: ReadonlyMap<string, string>): Map<string, string[]> {
  return new Map(
    [...files].map(([path, text]) => {
      const targets = findImports(text).filter(({ specifier }) => specifier.startsWith('.'));
      return [path, targets.map(({ specifier }) => posix.join(posix.dirname(path), specifier))];
    }),
  );
}

/**
 * Every breach of the law, one line each, in the order of the files; empty when there is none.
 * `files` has the text of each TypeScript file below src/ by its path from the repository, such as `src/cri/index.ts`.
 */
export function checkImports(files: ReadonlyMap<string, string>): string[] {
  const breaches = [...files].flatMap(([path, text]) => checkFile(path, text));
  const cycles = findCycles(importGraph(files)).map((cycle) => `Import cycle: ${cycle.join(' -> ')}`);
  return [...breaches, ...cycles];
}
