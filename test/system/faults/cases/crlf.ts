/**
 * Ends every line with CR LF: that can be read.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

export default bodyFault({ name: 'crlf', sent: goodBody.replaceAll('\n', '\r\n'), reasons: [] });
