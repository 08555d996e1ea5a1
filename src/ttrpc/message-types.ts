/**
 * The TypeScript types of a method's messages: by a descriptor of protoc-gen-es, or by a table of `wire`.
 */
import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { AnyMessageType, MessageType } from '../wire/index.ts';

export type AnyType = AnyMessageType | DescMessage;

/** A message as it is received. */
export type ShapeOf<T extends AnyType> = T extends DescMessage
  ? MessageShape<T>
  : T extends MessageType<infer Shape, infer _Init>
    ? Shape
    : never;

/** A message as it is given to be sent: its fields, or some of them. */
export type InitOf<T extends AnyType> = T extends DescMessage
  ? MessageInitShape<T>
  : T extends MessageType<infer _Shape, infer Init>
    ? Init
    : never;
