import { describe, expect, it } from 'vitest';
import { type Message, MessageReader } from './message-reader.ts';

/** In one piece, and byte by byte. */
function read(text: string): Message[] {
  const bytes = Buffer.from(text);
  const [whole, bytewise] = [new MessageReader(), new MessageReader()];
  const messages = [...whole.push(bytes)];
  expect([...bytes].flatMap((byte) => [...bytewise.push(Buffer.of(byte))])).toEqual(messages);
  return messages;
}

describe('MessageReader', () => {
  it.each([
    ['id: a-1\ndata: {"x":1}\n\n', [{ id: 'a-1', data: '{"x":1}' }]],
    ['retry: 2000\n\n: comment\n\n', []],
    [
      'id: a-1\ndata: 1\n\n: keep-alive\nid: a-9\n\ndata: 2\n\n',
      [
        { id: 'a-1', data: '1' },
        { id: 'a-9', data: undefined },
        { id: 'a-9', data: '2' },
      ],
    ],
    ['data: 1\ndata:2\n\n', [{ id: undefined, data: '1\n2' }]],
    ['data: é\r\n\r\n', [{ id: undefined, data: 'é' }]],
    ['data: without an end', []],
    ['id: a\0b\ndata\n\n', [{ id: undefined, data: '' }]],
    ['id: a\nid: \u0101\ndata\n\n', [{ id: 'a', data: '' }]],
    [`id: ${'x'.repeat(257)}\ndata\n\n`, [{ id: undefined, data: '' }]],
    ['event: other\nunknown: 1\n\n', []],
  ])('%j', (text, messages) => {
    expect(read(text)).toEqual(messages);
  });

  it('rejects a line without end', () => {
    const reader = new MessageReader();
    const push = (): void => {
      for (let i = 0; i < 20; i++) {
        Array.from(reader.push(Buffer.alloc(64 * 1024, 'x')));
      }
    };
    expect(push).toThrow('a line exceeds the limit of 1048576 characters');
  });

  it.each(['data: x\n', 'data\n'])('rejects a message without end, of lines %j', (line) => {
    const reader = new MessageReader();
    const piece = Buffer.from(line.repeat(10_000));
    const push = (): void => {
      for (let i = 0; i < 200; i++) {
        Array.from(reader.push(piece));
      }
    };
    expect(push).toThrow('a message exceeds the limit of 1048576 characters');
  });

  it('reads any number of messages', () => {
    const reader = new MessageReader();
    const messages = [...Array(30)].flatMap(() => [...reader.push(Buffer.from(`data: ${'x'.repeat(100_000)}\n\n`))]);
    expect(messages).toHaveLength(30);
  });
});
