import { describe, expect, it } from 'vitest';
import { toWireFamilies, toWireName } from './wire-names.ts';

describe('toWireName', () => {
  it.each([
    ['kata_shim_process_open_fds', 'process_open_fds'],
    ['kata_shim_go_threads', 'go_threads'],
    ['kata_shim_threads', 'kata_shim_threads'],
    ['kata_shim_nodejs_version_info', 'kata_shim_nodejs_version_info'],
    ['kata_shim_proc_stat', 'kata_shim_proc_stat'],
    ['kata_agent_process_open_fds', 'kata_agent_process_open_fds'],
  ])('%s goes out as %s', (name, onTheWire) => {
    expect(toWireName(name)).toBe(onTheWire);
  });

  it('sorts by the name on the wire', () => {
    const family = (name: string) => ({ name, type: 'gauge', help: '', samples: [] }) as const;
    const names = toWireFamilies([family('kata_shim_process_a'), family('kata_shim_fds'), family('kata_shim_go_a')]);
    expect(names.map(({ name }) => name)).toEqual(['go_a', 'kata_shim_fds', 'process_a']);
  });
});
