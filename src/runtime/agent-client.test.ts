/**
 * The runtime's connection to an agent that is hostile: driven frame by frame.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawTtrpcPeer } from '../../test/support/raw-ttrpc-peer.ts';
import { Code } from '../ttrpc/index.ts';
import { AgentClient, cleanText } from './agent-client.ts';

/** The type of a frame, see ttrpc's PROTOCOL.md. */
const RESPONSE = 2;

let folder: string;
let agent: AgentClient;
let guest: RawTtrpcPeer;
let rpcs: string[];
let close: () => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'agent-'));
  const path = join(folder, 'a.sock');
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  rpcs = [];
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  agent = await AgentClient.connect({ address: { kind: 'unix', path }, onRpc: (action) => rpcs.push(action) });
  guest = new RawTtrpcPeer((await accepted)[0]);
  close = () => server.close();
});

afterEach(() => {
  agent.close();
  guest.stream.destroy();
  close();
  rmSync(folder, { recursive: true });
});

describe('AgentClient', () => {
  it('makes one short, printable line of an error of the guest', async () => {
    const failed = agent.call('startContainer', { containerId: 'c1' });
    const { streamId } = await guest.receiveRequest();
    const message = `bad\n\u001b[31m${'x'.repeat(10_000)}`;
    guest.sendResponse(streamId, { status: { code: Code.notFound, message } });
    const error = await failed.catch((reason) => reason);
    expect(error).toMatchObject({ code: Code.notFound, rawMessage: expect.stringMatching(/^bad \[31mx+$/) });
    expect(error.rawMessage.length).toBeLessThanOrEqual(500);
    expect(rpcs).toEqual(['grpc.StartContainerRequest']);
  });

  it.each([
    ['a message that is none', (id: number) => guest.sendResponse(id, { payload: Buffer.from([0xff, 0xff, 0xff]) })],
    ['a status without a meaning', (id: number) => guest.sendResponse(id, { status: { code: 99, message: 'x' } })],
  ])('fails a call that gets %s, and goes on', async (_, respond) => {
    const failed = agent.wait('waitProcess', { containerId: 'c1', execId: 'c1' });
    respond((await guest.receiveRequest()).streamId);
    await expect(failed).rejects.toMatchObject({ name: 'TtrpcError' });
    const next = agent.call('startContainer', { containerId: 'c1' });
    guest.sendResponse((await guest.receiveRequest()).streamId, {});
    await next;
  });

  it('fails a call whose response is larger than the limit, keeps none of it, and goes on', async () => {
    const failed = agent.call('startContainer', { containerId: 'c1' });
    const { streamId } = await guest.receiveRequest();
    guest.send({ streamId, type: RESPONSE, payload: Buffer.alloc(5 * 1024 * 1024) });
    await expect(failed).rejects.toMatchObject({ code: Code.resourceExhausted });
    const next = agent.call('startContainer', { containerId: 'c1' });
    guest.sendResponse((await guest.receiveRequest()).streamId, {});
    await next;
  });

  it('fails every call with the reason when the guest closes the connection', async () => {
    const calls = [agent.wait('getOOMEvent', {}), agent.call('startContainer', { containerId: 'c1' })];
    await guest.receiveRequest();
    guest.stream.end();
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: Code.unavailable } });
    }
    expect(await agent.lost).not.toBe('');
  });

  it('has no response to what was not called, and drops it', async () => {
    guest.sendResponse(77, { payload: Buffer.alloc(100) });
    const call = agent.call('startContainer', { containerId: 'c1' });
    guest.sendResponse((await guest.receiveRequest()).streamId, {});
    expect(await Promise.race([call.then(() => 'response'), agent.lost])).toBeTypeOf('string');
  });
});

describe('cleanText', () => {
  it.each([
    ['plain', 'plain'],
    ['a\r\nb\tc', 'a b c'],
    ['\u0000\u0007', ''],
    ['caf\u00e9 \u202e evil \ud83d\ude00', 'caf\u00e9 \u202e evil'],
  ])('makes of %j %j', (text, expected) => {
    expect(cleanText(text)).toBe(expected);
  });
});
