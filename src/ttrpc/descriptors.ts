/**
 * Descriptors of protoc-gen-es as services, methods and message types of this module. The one file that loads protobuf-es.
 * What it makes is kept, so that the same descriptor is the same service.
 */
import { create, type DescMessage, type DescMethod, type DescService, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { AnyMessageType, Method, Service } from '../wire/index.ts';

/** Fields that are not known are skipped, not kept: a peer could fill memory with them many times over. */
const READ_OPTIONS = { readUnknownFields: false } as const;

const types = new WeakMap<DescMessage, AnyMessageType>();
const methods = new WeakMap<DescMethod, Method>();
const services = new WeakMap<DescService, Service>();

function keep<Key extends object, Value>(known: WeakMap<Key, Value>, key: Key, make: () => Value): Value {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}

function toMessageType(schema: DescMessage): AnyMessageType {
  return keep(types, schema, () => ({
    typeName: schema.typeName,
    encode: (init) => toBinary(schema, create(schema, init)),
    decode: (bytes) => fromBinary(schema, bytes, READ_OPTIONS),
  }));
}

export function toMethod<D extends DescMethod>(descriptor: D): Method<D['methodKind']> {
  const { methodKind, name, localName, parent } = descriptor;
  const make = (): Method => ({
    ...{ methodKind, name, localName, parent },
    input: toMessageType(descriptor.input),
    output: toMessageType(descriptor.output),
  });
  return keep(methods, descriptor, make) as Method<D['methodKind']>;
}

export function toService(descriptor: DescService): Service {
  return keep(services, descriptor, () => ({
    typeName: descriptor.typeName,
    method: Object.fromEntries(descriptor.methods.map((method) => [method.localName, toMethod(method)])),
  }));
}
