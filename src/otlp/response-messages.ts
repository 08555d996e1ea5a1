/**
 * The messages in which an endpoint responds, as tables. Sources: metrics_service.proto of
 * github.com/open-telemetry/opentelemetry-proto; status.proto and error_details.proto of google.rpc; any.proto and
 * duration.proto. Texts are bytes, so that a text that is not UTF-8 does not invalidate the other fields.
 */
import { type Field, TableType } from '../wire/index.ts';

function table<Shape>(typeName: string, ...fields: readonly Field[]) {
  return new TableType<Shape, never>(typeName, fields);
}

interface PartialSuccessMessage {
  readonly rejectedDataPoints: bigint;
  readonly errorMessage: Uint8Array;
}

export const ExportResponse = table<{ readonly partialSuccess?: PartialSuccessMessage }>(
  'opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse',
  [
    1,
    'partialSuccess',
    table<PartialSuccessMessage>(
      'opentelemetry.proto.collector.metrics.v1.ExportMetricsPartialSuccess',
      [1, 'rejectedDataPoints', 'int64'],
      [2, 'errorMessage', 'bytes'],
    ),
  ],
);

interface AnyMessage {
  readonly typeUrl: Uint8Array;
  readonly value: Uint8Array;
}

export const Status = table<{ readonly details: readonly AnyMessage[] }>('google.rpc.Status', [
  3,
  'details',
  table<AnyMessage>('google.protobuf.Any', [1, 'typeUrl', 'bytes'], [2, 'value', 'bytes']),
  'repeated',
]);

interface DurationMessage {
  readonly seconds: bigint;
  readonly nanos: number;
}

export const RetryInfo = table<{ readonly retryDelay?: DurationMessage }>('google.rpc.RetryInfo', [
  1,
  'retryDelay',
  table<DurationMessage>('google.protobuf.Duration', [1, 'seconds', 'int64'], [2, 'nanos', 'int32']),
]);
