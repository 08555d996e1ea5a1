/**
 * The completions and man pages of deploy/, as the shells and a reader of man pages take them.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programs } from '../../scripts/programs.ts';
import { missingPackages } from '../support/requirements.ts';

const deploy = join(import.meta.dirname, '../../deploy');
const missing = missingPackages(['fish', 'mandoc', 'zsh']);

describe.skipIf(missing.length > 0)(`completions and man pages (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let folder: string;
  /** A kata-metrics that knows two sandboxes. */
  let env: NodeJS.ProcessEnv;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'km-'));
    const ids = JSON.stringify([{ id: 'aa11' }, { id: 'ab22' }], undefined, 2);
    writeFileSync(join(folder, 'kata-metrics'), `#!/bin/sh\ncat <<'E'\n${ids}\nE\n`);
    chmodSync(join(folder, 'kata-metrics'), 0o755);
    env = { ...process.env, HOME: folder, PATH: `${folder}:${process.env['PATH']}` };
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  /** What each shell offers for a line that ends with a word that is typed in part. */
  const shells: Record<string, (line: string) => string[]> = {
    bash: (line) => {
      const words = line.split(/ +|(?<==)|(?==)/);
      const [program = ''] = words;
      const script = `
        source "$1"; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _${program.replaceAll('-', '_')} 2>/dev/null
        printf '%s\\n' "\${COMPREPLY[@]}"`;
      const args = ['--norc', '-c', script, 'bash', join(deploy, 'completions/bash', program), ...words];
      return execFileSync('bash', args, { env, encoding: 'utf8' }).trim().split('\n');
    },
    fish: (line) => {
      const program = line.split(' ', 1)[0];
      const script = 'source $argv[1]; complete -C $argv[2]';
      const args = ['--no-config', '-c', script, join(deploy, `completions/fish/${program}.fish`), line];
      const output = execFileSync('fish', args, { env, encoding: 'utf8' });
      return output
        .trim()
        .split('\n')
        .map((row) => row.split('\t', 1)[0]!)
        .map((word) => word.replace(/^--[^=]+=/, ''));
    },
  };

  it.each([
    ['kata-metrics ', ['up', 'ls', 'get', 'stats']],
    ['kata-metrics ls --out', ['--output']],
    ['kata-metrics ls --output ', ['text', 'json']],
    ['kata-metrics stats -o ', ['text', 'json', 'csv']],
    ['kata-metrics ls --output=j', ['json']],
    ['kata-metrics get aa', ['aa11']],
    ['kata-metrics get ', ['aa11', 'ab22']],
    ['kata-shim run --hyper', ['--hypervisor']],
    ['kata-shim run --hypervisor ', ['firecracker', 'process', 'qemu']],
    ['kata-monitor --log-format=', ['text', 'json']],
    ['kata-monitor --web.conf', ['--web.config.file']],
    ['kata-agent --proc', ['--proc-root']],
  ])('offer for "%s" %j', (line, words) => {
    for (const [shell, complete] of Object.entries(shells)) {
      expect([shell, ...complete(line)]).toEqual(expect.arrayContaining([shell, ...words]));
    }
  });

  it('of zsh have every option, with its values', () => {
    for (const { name, commands } of programs) {
      for (const command of commands) {
        const script = `
          _arguments() { print -rl -- "$@" }
          words=(${[name, command.name ?? [], '']
            .flat()
            .map((word) => `"${word}"`)
            .join(' ')})
          CURRENT=$#words
          source "$1"`;
        const args = ['-f', '-c', script, 'zsh', join(deploy, `completions/zsh/_${name}`)];
        const specs = execFileSync('zsh', args, { encoding: 'utf8' });
        for (const option of Object.keys(command.options)) {
          expect(specs).toMatch(new RegExp(`^\\*?--${option.replaceAll('.', '\\.')}=?\\[`, 'm'));
        }
        expect(specs).toMatch(command.takesSandbox ? /^\*:sandbox:_kata_sandbox_ids$/m : /--help\[/);
      }
    }
  });

  it.each(globSync('man/*', { cwd: deploy }))('%s is a man page without a fault, with every option', (path) => {
    const linted = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', join(deploy, path)], { encoding: 'utf8' });
    expect(linted.stdout.replaceAll(/^.*missing date.*\n/gm, '')).toBe('');
    const text = execFileSync('mandoc', ['-T', 'utf8', join(deploy, path)], { encoding: 'utf8' }).replaceAll(
      /.\u0008/g,
      '',
    );
    const program = programs.find(({ name }) => path.includes(`/${name}.`));
    for (const option of (program?.commands ?? []).flatMap(({ options }) => Object.keys(options))) {
      expect(text).toContain(`--${option}`);
    }
    expect(text).toContain('EXIT STATUS');
  });

  it('are all in the published package', () => {
    const { files, man } = JSON.parse(readFileSync(join(deploy, '../package.json'), 'utf8'));
    expect(files).toContain('deploy');
    expect(man).toEqual(programs.map(({ name, section }) => `./deploy/man/${name}.${section}`).sort());
  });
});
