import { describe, expect, it } from 'vitest';
import { openStreamPair, PAIR_KINDS } from '../../test/support/stream-pair.ts';
import { TableType, TextMessage, unaryService } from '../wire/index.ts';
import { Code, CoreClient, CoreServer } from './core.ts';

const Size = new TableType<{ readonly count: number }, { readonly count?: number }>('test.Size', [
  [1, 'count', 'uint32'],
]);
const Text = new TextMessage<{ readonly text: Uint8Array }, 'text'>('test.Text', 1, 'text');
const Letters = unaryService('test.Letters', { repeat: [Size, Text], count: [Text, Size] });

describe.each(PAIR_KINDS)('services of tables, %s', (kind) => {
  async function open(letter: string): Promise<{ client: CoreClient; server: CoreServer }> {
    const [near, far] = await openStreamPair(kind);
    const server = new CoreServer({ maxMessageBytes: 1_000_000 }).addService(Letters, {
      repeat: ({ count }) => ({ text: letter.repeat(count) }),
      count: ({ text }) => ({ count: text.length }),
    });
    server.accept(far);
    return { client: new CoreClient(near), server };
  }

  it.each(['a', 'ä', '→'])('sends texts of "%s" as UTF-8', async (letter) => {
    const { client, server } = await open(letter);
    const counts = [0, 1, 3, 100, 50_000, 300_000];
    const responses = await Promise.all(counts.map((count) => client.unary(Letters.method.repeat, { count })));
    expect(responses.map(({ text }, i) => Buffer.from(text).equals(Buffer.from(letter.repeat(counts[i]!))))).toEqual(
      counts.map(() => true),
    );
    expect(await client.unary(Letters.method.count, { text: letter })).toMatchObject({
      count: Buffer.byteLength(letter),
    });
    client.close();
    await server.shutdown();
  });

  it('does not send a text that exceeds the limit as UTF-8', async () => {
    const { client, server } = await open('→');
    await expect(client.unary(Letters.method.repeat, { count: 400_000 })).rejects.toMatchObject({
      code: Code.resourceExhausted,
      rawMessage: 'Response of 1200008 bytes exceeds the limit of 1000000 and was not sent',
    });
    client.close();
    await server.shutdown();
  });
});
