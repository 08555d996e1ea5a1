/**
 * The ttrpc envelope and google.rpc.Status as tables, for programs that do not load the generated code.
 */
import type { MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { AnySchema } from '@bufbuild/protobuf/wkt';
import { TableType } from '../wire/index.ts';
import type { StatusSchema } from './gen/google/rpc/status_pb.ts';
import type { KeyValueSchema, RequestSchema, ResponseSchema } from './gen/ttrpc_pb.ts';

export type Request = MessageShape<typeof RequestSchema>;
export type Response = MessageShape<typeof ResponseSchema>;
export type Status = MessageShape<typeof StatusSchema>;
export type StatusInit = MessageInitShape<typeof StatusSchema>;

const Any = new TableType<MessageShape<typeof AnySchema>, MessageInitShape<typeof AnySchema>>('google.protobuf.Any', [
  [1, 'typeUrl', 'string'],
  [2, 'value', 'bytes'],
]);

const Status = new TableType<MessageShape<typeof StatusSchema>, MessageInitShape<typeof StatusSchema>>(
  'google.rpc.Status',
  [
    [1, 'code', 'int32'],
    [2, 'message', 'string'],
    [3, 'details', Any, 'repeated'],
  ],
);

const KeyValue = new TableType<MessageShape<typeof KeyValueSchema>, MessageInitShape<typeof KeyValueSchema>>(
  'ttrpc.KeyValue',
  [
    [1, 'key', 'string'],
    [2, 'value', 'string'],
  ],
);

export const RequestType = new TableType<MessageShape<typeof RequestSchema>, MessageInitShape<typeof RequestSchema>>(
  'ttrpc.Request',
  [
    [1, 'service', 'string'],
    [2, 'method', 'string'],
    [3, 'payload', 'bytes'],
    [4, 'timeoutNano', 'int64'],
    [5, 'metadata', KeyValue, 'repeated'],
  ],
);

export const ResponseType = new TableType<MessageShape<typeof ResponseSchema>, MessageInitShape<typeof ResponseSchema>>(
  'ttrpc.Response',
  [
    [1, 'status', Status],
    [2, 'payload', 'bytes'],
  ],
);

/** Numbers of the field `payload`. */
export const payloadNumbers = { request: 3, response: 2 } as const;
