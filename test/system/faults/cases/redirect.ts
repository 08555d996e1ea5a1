/**
 * Sends the monitor elsewhere, to where it does not go.
 */
import { answerFault } from '../fault.ts';

export default answerFault({
  name: 'redirect',
  answer: {
    kind: 'bytes',
    bytes: 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/metrics\r\nContent-Length: 0\r\n\r\n',
  },
  reasons: ['http_status'],
});
