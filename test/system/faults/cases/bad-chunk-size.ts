/**
 * Lies about the size of a chunk.
 */
import { answerFault } from '../fault.ts';
import { cutInFamily, goodBody } from '../good-body.ts';

const { sent, kept } = cutInFamily(50);
const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

export default answerFault({
  name: 'bad-chunk-size',
  answer: { kind: 'bytes', bytes: `${head}${sent.length.toString(16)}\r\n${goodBody}\r\n0\r\n\r\n` },
  kept,
  reasons: ['protocol'],
});
