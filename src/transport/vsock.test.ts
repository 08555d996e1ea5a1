import { describe, expect, it } from 'vitest';
import { listen } from './listen.ts';
import { toDialError } from './transport-error.ts';
import { encodeAddress } from './vsock.ts';

describe('struct sockaddr_vm', () => {
  it('has family, port and cid in the order of the machine', () => {
    const expected = new Uint8Array(16);
    new Uint16Array(expected.buffer)[0] = 40;
    new Uint32Array(expected.buffer).set([1024, 0xffff_fffe], 1);
    expect(new Uint8Array(encodeAddress({ cid: 0xffff_fffe, port: 1024 }))).toEqual(expected);
  });
});

describe('errors of connecting', () => {
  it.each([
    ['ECONNREFUSED', 'not_there'],
    ['ECONNRESET', 'not_there'],
    ['ENODEV', 'not_there'],
    ['ETIMEDOUT', 'not_there'],
    ['EAFNOSUPPORT', 'not_supported'],
    ['EACCES', 'io'],
  ])('%s is %s', (code, expected) => {
    const cause = Object.assign(new Error(`connect ${code}`), { code });
    expect(toDialError('vsock://3:1024', cause)).toMatchObject({
      code: expected,
      cause,
      message: `Cannot connect to "vsock://3:1024": connect ${code}`,
    });
  });
});

it('listening for a peer pod is refused', async () => {
  await expect(listen({ kind: 'remote', path: '/run/p.sock' }, () => undefined)).rejects.toMatchObject({
    code: 'not_supported',
    message: 'Cannot listen on "remote:///run/p.sock": the program that forwards to the peer pod does',
  });
});

describe('the side of an address that is not ours', () => {
  it.each([
    [{ kind: 'hvsock', path: '/run/v.sock', port: 1 } as const, 'hvsock:///run/v.sock:1'],
    [{ kind: 'serial+unix', path: '/run/p.sock' } as const, 'serial+unix:///run/p.sock'],
  ])('is refused: %j', async (address, text) => {
    await expect(listen(address, () => undefined)).rejects.toMatchObject({
      code: 'not_supported',
      message: `Cannot listen on "${text}": the hypervisor has this side`,
    });
  });
});
