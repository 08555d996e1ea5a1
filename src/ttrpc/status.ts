/**
 * Converts google.rpc.Status to TtrpcError and back. Used where a response is read (client) or written (server).
 */

import { Code, findCode } from '../grpc/index.ts';
import type { Status, StatusInit } from '../proto/envelope-messages.ts';
import { TtrpcError } from './ttrpc-error.ts';

/** The error in a peer's response, or undefined for success. An absent status is success. */
export function statusToError(status: Status | undefined, method: string): TtrpcError | undefined {
  if (status === undefined || status.code === Code.ok) {
    return undefined;
  }
  const options = { details: status.details, method, origin: 'peer' } as const;
  const code = findCode(status.code);
  if (code === undefined || code === Code.ok) {
    return new TtrpcError(
      Code.unknown,
      `Peer responded with the unknown code ${status.code}: ${status.message}`,
      options,
    );
  }
  return new TtrpcError(code, status.message, options);
}

/** Returns the status that is sent for an error. */
export function errorToStatus(error: TtrpcError): StatusInit {
  return { code: error.code, message: error.rawMessage, details: [...error.details] };
}
