/**
 * kata-metrics on the command line: `ls` and `get` over the sandboxes of a node, in every state that a sandbox can be in,
 * and what it says to people who type something else.
 */
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answerWithLength,
  type FakeAnswer,
  type FakeAnswerer,
  type FakeShim,
  startFakeShim,
} from '../support/fake-shim.ts';
import { type LiveNode, startLiveNode } from '../support/live-node.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { type ProgramEnd, programCommand, runCommand, runProgram } from '../support/run-program.ts';

const run = (...args: string[]): Promise<ProgramEnd> => runProgram('kata-metrics', args).ended;

const body = `# HELP kata_guest_load Load\\nof the guest.
# TYPE kata_guest_load gauge
kata_guest_load{item="load1"} 0.50
kata_guest_load{item="a\\"b"} +Inf 1700000000000
# TYPE kata_guest_meminfo gauge
kata_guest_meminfo{item="mem_total"} 18446744073709551615
`;

/** Responds to /agent-url, and to /metrics with this. */
const onlyAddress =
  (metrics: FakeAnswer): FakeAnswerer =>
  (requestLine) =>
    requestLine.includes('/agent-url') ? answerWithLength('unix:///a.sock') : metrics;

/** The body, and the promise of more. */
const answerCut = (text: string): Extract<FakeAnswer, { kind: 'bytes' }> => ({
  kind: 'bytes',
  bytes: `HTTP/1.1 200 OK\r\nContent-Length: ${text.length + 9}\r\n\r\n${text}`,
});

describe('kata-metrics ls and get', () => {
  let root: string;
  const shims: FakeShim[] = [];

  async function addShim(id: string, response: Parameters<typeof startFakeShim>[1]): Promise<void> {
    await mkdir(join(root, id));
    shims.push(await startFakeShim(join(root, id, 'shim-monitor.sock'), response));
  }

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'kc-'));
    await addShim('aa11', answerWithLength(body));
    await addShim('aa22', answerWithLength(`${body}kata_guest_bad{ 1\n`));
    await addShim('ab', answerWithLength('no', { status: '500 Internal Server Error' }));
    await addShim('c-silent', { kind: 'silence' });
    await mkdir(join(root, 'd-young'));
    const info = (version: string): string => `kata_shim_sandbox_info{agent_version="${version}"} 1\n`;
    await addShim('e-booting', answerWithLength(info('')));
    await addShim('f-paused', answerWithLength(info('1.2.3')));
    // As a shim that sends what it has and then waits for its agent.
    await addShim(
      'g-paused',
      onlyAddress({ ...answerCut(`${info('1.2.3')}kata_shim_threads 1\nkata_x 1\n`), ending: 'keep' }),
    );
    await addShim('h-reset', onlyAddress({ kind: 'bytes', bytes: '', ending: 'reset' }));
  });

  afterAll(async () => {
    await Promise.all(shims.map((shim) => shim.close()));
    await rm(root, { recursive: true });
  });

  it('lists sandboxes, each with its state', async () => {
    const { code, stdout } = await run('ls', `--sandboxes-root=${root}`);
    expect(code).toBe(0);
    const [header, ...rows] = stdout.trimEnd().split('\n');
    expect(header).toMatch(/^SANDBOX +STATE +AGE +ROOT$/);
    expect(rows.map((row) => row.split(/ +/))).toEqual(
      [
        ['aa11', 'running'],
        ['aa22', 'running'],
        ['ab', 'broken'],
        // Both are young: a shim may listen before it responds.
        ['c-silent', 'starting'],
        ['d-young', 'starting'],
        ['e-booting', 'booting'],
        ['f-paused', 'guest-unresponsive'],
        ['g-paused', 'guest-unresponsive'],
        ['h-reset', 'broken'],
      ].map(([id, state]) => [id, state, expect.stringMatching(/^\d+s$/), root]),
    );
    expect(stdout).not.toContain('\u001b');
  });

  it('lists them as JSON', async () => {
    const { stdout } = await run('ls', '-sandboxes-root', root, '-o', 'json');
    const rows = JSON.parse(stdout) as unknown[];
    expect(rows).toHaveLength(9);
    const nameless = { namespace: null, pod: null, uid: null };
    const ageSeconds = expect.any(Number);
    expect(rows[0]).toEqual({ id: 'aa11', ...nameless, state: 'running', ageSeconds, root, runtime: null });
  });

  it('connects to no socket that the monitor would not connect to', async () => {
    const other = await mkdtemp(join(tmpdir(), 'kc-'));
    try {
      await mkdir(join(other, 'linked'));
      await symlink(join(root, 'aa11/shim-monitor.sock'), join(other, 'linked/shim-monitor.sock'));
      await symlink(join(root, 'aa11'), join(other, 'whole'));
      const { stdout } = await run('ls', `--sandboxes-root=${other}`);
      expect(stdout.split('\n').map((row) => row.split(/ +/, 2))).toEqual([
        ['SANDBOX', 'STATE'],
        ['linked', 'broken'],
        ['whole', 'broken'],
        [''],
      ]);
      for (const [id, fault] of [
        ['linked', 'its socket is a symbolic link that leads out of the root'],
        ['whole', 'its directory is a symbolic link'],
      ] as const) {
        const end = await run('get', id, `--sandboxes-root=${other}`);
        expect(end).toMatchObject({ code: 1, stdout: '' });
        expect(end.stderr).toContain(`Cannot read metrics of sandbox "${id}": ${fault}`);
      }
    } finally {
      await rm(other, { recursive: true });
    }
  });

  it('gives the response of a shim as it is', async () => {
    const { code, stdout } = await run('get', 'aa11', `--sandboxes-root=${root}`);
    expect([code, stdout]).toEqual([0, body]);
  });

  it('gives families of a prefix only', async () => {
    const { stdout } = await run('get', '--family', 'kata_guest_mem', 'aa1', `--sandboxes-root=${root}`);
    expect(stdout).toBe('# TYPE kata_guest_meminfo gauge\nkata_guest_meminfo{item="mem_total"} 18446744073709551615\n');
  });

  it('gives families of several prefixes, separated by commas or not', async () => {
    const args = ['get', 'aa1', `--sandboxes-root=${root}`, '-ojson'];
    const together = await run(...args, '--family=kata_guest_mem, kata_guest_load');
    expect((JSON.parse(together.stdout) as { name: string }[]).map(({ name }) => name)).toEqual([
      'kata_guest_load',
      'kata_guest_meminfo',
    ]);
    const apart = await run(...args, '--family=kata_guest_mem', '--family=kata_guest_load');
    expect(apart.stdout).toBe(together.stdout);
  });

  it('gives families as JSON, values with all their digits', async () => {
    const { stdout } = await run('get', 'aa11', `--sandboxes-root=${root}`, '-o=json');
    expect(JSON.parse(stdout)).toEqual([
      {
        name: 'kata_guest_load',
        type: 'gauge',
        help: 'Load\nof the guest.',
        samples: [
          { name: 'kata_guest_load', labels: { item: 'load1' }, value: '0.50' },
          { name: 'kata_guest_load', labels: { item: 'a"b' }, value: '+Inf', timestampMs: '1700000000000' },
        ],
      },
      {
        name: 'kata_guest_meminfo',
        type: 'gauge',
        help: null,
        samples: [{ name: 'kata_guest_meminfo', labels: { item: 'mem_total' }, value: '18446744073709551615' }],
      },
    ]);
  });

  it('reports faults of a response after printing the rest', async () => {
    const { code, stdout, stderr } = await run('get', 'aa22', `--sandboxes-root=${root}`, '--family=kata_guest');
    expect(code).toBe(1);
    expect(stdout).toContain('kata_guest_load{item="load1"} 0.50\n');
    expect(stderr).toMatch(
      /^kata-metrics: Response of sandbox "aa22" has faults.*:\nline 7, column \d+: bad_label_name/,
    );
  });

  it.each<[args: string[], message: string]>([
    [['aa'], '2 sandboxes begin with "aa":\n  aa11\n  aa22'],
    [['x'], 'No sandbox "x": it is not one of the 9 on this node'],
    [['../aa11'], 'No sandbox "../aa11": it is not one of the 9 on this node'],
    [['ab'], 'Cannot read metrics of sandbox "ab": shim responded with status 500'],
    [['d'], 'Cannot read metrics of sandbox "d-young": socket does not exist'],
    [['aa11', '--family=x', '--family=y'], 'Sandbox "aa11" has no family that begins with "x" or "y"'],
  ])('cannot get %j', async (args, message) => {
    const { code, stdout, stderr } = await run('get', ...args, `--sandboxes-root=${root}`);
    expect([code, stdout, stderr]).toEqual([1, '', `kata-metrics: ${message}\n`]);
  });
});

describe('kata-metrics over real sandboxes', () => {
  const id = 'e'.repeat(64);
  let node: LiveNode;

  beforeAll(async () => {
    node = await startLiveNode({ ids: [id] });
  });

  afterAll(() => node.stop());

  it('gives what a shim says, and its agent with it', async () => {
    const args = /--root=(\S+)/.exec(node.shims.get(id)!.child.spawnargs.join(' '))!;
    const { stdout } = await run('get', 'eee', `--sandboxes-root=${args[1]}`);
    const { series } = parseAnswer(stdout);
    expect(series.find(({ name }) => name === 'kata_shim_agent_up')?.value).toBe(1);
    expect(series.filter(({ name }) => name === 'kata_guest_load')).toHaveLength(3);
  });
});

describe('the command line of kata-metrics', () => {
  it.each<[args: string[], code: number, message: RegExp]>([
    [[], 2, /Expected a command: up, ls, top, page, events, get/],
    [['nonsense'], 2, /Unknown command "nonsense"/],
    [['help', 'nonsense'], 2, /Unknown command "nonsense"/],
    [['ls', '--nonsense'], 2, /nonsense/],
    [['get'], 2, /takes one sandbox, got 0/],
    [['get', 'a', 'b'], 2, /takes one sandbox, got 2/],
    [['up', '--sandboxes=0'], 2, /--sandboxes.*from 1 to 100.*"?0"?/],
    [['up', '--listen-address=nowhere'], 2, /--listen-address.*host:port.*"nowhere"/],
    [['ls', '-o', 'yaml'], 2, /--output.*json.*yaml/],
    [['sl'], 2, /Unknown command "sl"; did you mean "ls"\?\nTry "kata-metrics --help"/],
    [['ls', '--ouput=json'], 2, /Unknown option "--ouput"; did you mean "--output"\?\nTry "kata-metrics ls --help"/],
    [['get', 'a', '--family=a-b'], 2, /--family.*"a-b"\nTry "kata-metrics get --help"/],
    [['ls', '--sandboxes-root=/nope'], 1, /^kata-metrics: Cannot read the sandboxes in "\/nope": it does not exist\n$/],
    [['ls', '--sandboxes-root=/etc/passwd'], 1, /in "\/etc\/passwd": it is not a directory\n$/],
    [
      ['get', 'a', '--sandboxes-root=/nope'],
      1,
      /No sandbox "a": cannot read the sandboxes in "\/nope": it does not exist/,
    ],
    [['up', '--sandboxes-root=/nope'], 1, /in "\/nope": it does not exist/],
    [['up', '--listen-address=unix:///nope/m.sock'], 1, /Cannot listen on .*: directory "\/nope" does not exist\n$/],
    [['up', '--web.config.file=/nope/web.yml'], 2, /File "\/nope\/web.yml" does not exist\n/],
  ])('refuses %j', async (args, code, message) => {
    const end = await run(...args);
    expect(end.code).toBe(code);
    expect(end.stderr).toMatch(message);
    expect(end.stdout).toBe('');
  });

  it('says that there are no sandboxes', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'kc-'));
    const { code, stdout, stderr } = await run('ls', `--sandboxes-root=${empty}`, '--sandboxes-root=/run/kata');
    expect([code, stdout, stderr]).toEqual([0, '', `No sandboxes in "${empty}" or "/run/kata"\n`]);
    await rm(empty, { recursive: true });
  });

  it.each(['up', 'ls', 'get', 'stats'])('has help for %s', async (command) => {
    const asked = await run(command, '--help');
    expect(asked.code).toBe(0);
    expect(asked.stdout).toMatch(new RegExp(`^Usage: kata-metrics ${command}`));
    expect((await run('help', command)).stdout).toBe(asked.stdout);
  });

  it.each(['help', '--help', '-h', '-help'])('has help for all by %s', async (word) => {
    const { code, stdout } = await run(word);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: kata-metrics/);
    expect(stdout).toContain('Exit codes: 0 ');
  });

  it.each(['version', 'help'])('reports that its output is lost: %s', async (word) => {
    const toFullDisk = ['sh', '-c', 'exec "$@" >/dev/full', 'sh', ...programCommand('kata-metrics'), word] as const;
    const { code, stderr } = await runCommand([...toFullDisk]).ended;
    expect([code, stderr]).toEqual([
      1,
      'kata-metrics: Cannot write the output: ENOSPC: no space left on device, write\n',
    ]);
  });

  it.each(['version', '--version', '-version'])('has a version by %s', async (word) => {
    expect((await run(word)).stdout).toMatch(/^kata-metrics \d+\.\d+\.\d+\n$/);
  });
});
