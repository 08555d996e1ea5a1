/**
 * The protobuf wire format, and the encoding of messages by tables of their fields. Contains no message definitions.
 */
export {
  type Field,
  type FieldLabel,
  type MessagePart,
  type MessageType,
  type ScalarType,
  type TableOptions,
  TableType,
} from './message-type.ts';
export { type AnyMessageType, type Method, type MethodKind, type Service, unaryService } from './service.ts';
export { TextMessage } from './text-message.ts';
export { toJson } from './to-json.ts';
export { WireError } from './wire-error.ts';
export { WireReader, WireType } from './wire-reader.ts';
export { WireWriter } from './wire-writer.ts';
