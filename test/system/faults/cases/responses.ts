/**
 * Faults of one sandbox: HTTP.
 */
import { type Fault, responseFault } from '../fault.ts';
import { cutInFamily, goodBody, goodFamilies, headWithLength } from '../good-body.ts';

const [cutAt30, cutAt40, cutAt50, cutAt60] = [cutInFamily(30), cutInFamily(40), cutInFamily(50), cutInFamily(60)];

export const responses: readonly Fault[] = [
  // Declares a wrong chunk size.
  responseFault({
    name: 'bad-chunk-size',
    response: {
      kind: 'bytes',
      bytes: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${cutAt50.sent.length.toString(16)}\r\n${goodBody}\r\n0\r\n\r\n`,
    },
    kept: cutAt50.kept,
    reasons: ['protocol'],
  }),
  // Has a header line without a colon.
  responseFault({
    name: 'bad-header',
    response: { kind: 'bytes', bytes: 'HTTP/1.1 200 OK\r\nno colon here\r\n\r\n' },
    reasons: ['protocol'],
  }),
  // Closes the connection after the body without having announced it: no fault.
  responseFault({
    name: 'closed-after-the-body',
    response: { kind: 'bytes', bytes: headWithLength(goodBody.length) + goodBody, ending: 'close' },
    isUp: true,
    kept: goodBody,
    reasons: [],
  }),
  // Closes the connection without a response.
  responseFault({
    name: 'closed-before-the-answer',
    response: { kind: 'bytes', bytes: '', ending: 'close' },
    reasons: ['reset'],
  }),
  // Closes the connection in the middle of the body: the complete families before are kept.
  responseFault({
    name: 'closed-in-the-body',
    response: { kind: 'bytes', bytes: headWithLength(goodBody.length) + cutAt60.sent, ending: 'close' },
    kept: cutAt60.kept,
    reasons: ['reset'],
  }),
  // Closes the connection in the middle of the head.
  responseFault({
    name: 'closed-in-the-head',
    response: { kind: 'bytes', bytes: 'HTTP/1.1 200 OK\r\nContent-', ending: 'close' },
    reasons: ['reset'],
  }),
  // Compresses the body, though the request does not accept it.
  responseFault({
    name: 'compressed-unasked',
    response: { kind: 'bytes', bytes: 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx' },
    reasons: ['protocol'],
  }),
  // Sends its response one byte after another, which would take an hour.
  responseFault({
    name: 'drips',
    response: { kind: 'drip', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n', everyMs: 20 },
    reasons: ['timeout'],
  }),
  // Sends a body without end: it is cut off at the limit, long before the timeout.
  responseFault({
    name: 'endless-body',
    response: {
      kind: 'endless',
      head: `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${goodBody}`,
      piece: `# ${'x'.repeat(65_533)}\n`,
    },
    kept: goodFamilies.slice(0, -1).join(''),
    reasons: ['too_large'],
  }),
  // Sends headers without end.
  responseFault({
    name: 'endless-head',
    response: { kind: 'endless', head: 'HTTP/1.1 200 OK\r\n', piece: 'X-More: and more\r\n' },
    reasons: ['protocol'],
  }),
  // Declares a body longer than it is.
  responseFault({
    name: 'length-too-long',
    response: { kind: 'bytes', bytes: headWithLength(goodBody.length + 1000) + goodBody, ending: 'close' },
    kept: goodFamilies.slice(0, -1).join(''),
    reasons: ['reset'],
  }),
  // Declares a body shorter than it is.
  responseFault({
    name: 'length-too-short',
    response: { kind: 'bytes', bytes: headWithLength(cutAt30.sent.length) + goodBody },
    kept: cutAt30.kept,
    reasons: ['protocol'],
  }),
  // Speaks a protocol other than HTTP.
  responseFault({
    name: 'no-http',
    response: { kind: 'bytes', bytes: 'SSH-2.0-OpenSSH_9.2\r\n' },
    reasons: ['protocol'],
  }),
  // Redirects the monitor, which does not follow.
  responseFault({
    name: 'redirect',
    response: {
      kind: 'bytes',
      bytes: 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/metrics\r\nContent-Length: 0\r\n\r\n',
    },
    reasons: ['http_status'],
  }),
  // Accepts the request and never responds.
  responseFault({
    name: 'silent',
    response: { kind: 'silence' },
    reasons: ['timeout'],
  }),
  // Responds with 404.
  responseFault({
    name: 'status-404',
    response: { kind: 'bytes', bytes: 'HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n' },
    reasons: ['http_status'],
  }),
  // Responds with 500.
  responseFault({
    name: 'status-500',
    response: { kind: 'bytes', bytes: 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n' },
    reasons: ['http_status'],
  }),
  // Stops in the middle of the body: the complete families before are kept.
  responseFault({
    name: 'stops-in-the-body',
    response: { kind: 'bytes', bytes: headWithLength(goodBody.length) + cutAt40.sent },
    kept: cutAt40.kept,
    reasons: ['timeout'],
  }),
];
