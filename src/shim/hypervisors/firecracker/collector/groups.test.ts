import { describe, expect, it } from 'vitest';
import { countingOfField, countingOfPart, splitGroupName } from './groups.ts';

describe('splitGroupName', () => {
  it.each([
    ['net', 'net', undefined],
    ['net_eth0', 'net', 'eth0'],
    ['net_', 'net_', undefined],
    ['network_eth0', 'network_eth0', undefined],
    ['block_rootfs', 'block', 'rootfs'],
    ['block_a_b', 'block', 'a_b'],
    ['pmem_0', 'pmem', '0'],
    ['vhost_user', 'vhost_user', undefined],
    ['vhost_user_block_rootfs', 'vhost_user', 'block_rootfs'],
    ['vsock', 'vsock', undefined],
    ['', '', undefined],
  ])('%j', (key, group, device) => {
    expect(splitGroupName(key)).toEqual({ group, device });
  });
});

describe('countingOfField', () => {
  it.each([
    ['net', 'rx_bytes_count', 'delta'],
    ['vmm', 'panic_count', 'absolute'],
    ['vmm', 'device_events', 'delta'],
    ['api_server', 'process_startup_time_us', 'absolute'],
    ['latencies_us', 'some_new_snapshot', 'absolute'],
    ['some_new_group', 'some_new_count', 'delta'],
    ['some_new_group', 'some_new_time_ms', 'absolute'],
  ])('%s.%s', (group, field, counting) => {
    expect(countingOfField(group, field)).toBe(counting);
  });
});

describe('countingOfPart', () => {
  it.each([
    ['min_us', 'absolute'],
    ['max_us', 'absolute'],
    ['sum_us', 'delta'],
    ['count', 'delta'],
  ])('%s', (part, counting) => {
    expect(countingOfPart(part)).toBe(counting);
  });
});
