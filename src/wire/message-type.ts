/**
 * Encodes and decodes protobuf messages (proto3) by tables of their fields. For the few messages of a scrape, for which a library
 * would be the larger part of a small program. A test compares the tables with the .proto files.
 *
 * Unknown fields are skipped and not kept, and so are fields with the wrong wire type.
 */
import { WireError } from './wire-error.ts';
import { WireReader, WireType } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

/** Encoder and decoder of one message type. The bytes to decode may be hostile. */
export interface MessageType<Shape, Init> {
  /** Full name, with the package. */
  readonly typeName: string;
  /** @throws {WireError} with the name of the field, for a value that the field cannot represent. */
  encode(init: Init): Uint8Array;
  /** Returns the same bytes in parts, if that avoids a copy of a large text. */
  encodeParts?(init: Init): readonly MessagePart[];
  /**
   * Byte fields of the result may be views of `bytes`.
   * @throws {WireError} for malformed bytes, and for more than `maxItems` elements.
   */
  decode(bytes: Uint8Array): Shape;
}

/** Bytes, or a text that the writer encodes as UTF-8. */
export type MessagePart = Uint8Array | string;

export type ScalarType = 'bool' | 'bytes' | 'enum' | 'int32' | 'int64' | 'string' | 'uint32' | 'uint64';
export type FieldLabel = 'map' | 'one' | 'repeated';

/** Number, name in JavaScript, type, and label (default: `one`). Keys of maps are strings. */
export type Field = readonly [
  number: number,
  name: string,
  type: ScalarType | TableType<unknown, unknown>,
  FieldLabel?,
];

/** Default of `TableOptions.maxItems`. */
const MAX_ITEMS = 65_536;

export interface TableOptions {
  /** Limit of list elements, map entries and nested messages in one message, because a few bytes become an object. */
  readonly maxItems?: number;
}

type Values = Record<string, unknown>;

const EMPTY = new Uint8Array();
const MAP_KEY = 1;
const MAP_VALUE = 2;

const defaults: Readonly<Record<ScalarType, unknown>> = {
  bool: false,
  bytes: EMPTY,
  enum: 0,
  int32: 0,
  int64: 0n,
  string: '',
  uint32: 0,
  uint64: 0n,
};

/** State of one decoding: the position, and how many more items it may create. */
interface Progress {
  readonly reader: WireReader;
  readonly maxItems: number;
  itemsLeft: number;
}

/** A message type that is defined by a table of its fields. */
export class TableType<Shape, Init> implements MessageType<Shape, Init> {
  readonly typeName: string;
  readonly fields: readonly Field[];
  readonly #byNumber: ReadonlyMap<number, Field>;
  readonly #maxItems: number;

  constructor(typeName: string, fields: readonly Field[], { maxItems = MAX_ITEMS }: TableOptions = {}) {
    this.typeName = typeName;
    this.#maxItems = maxItems;
    this.fields = fields;
    this.#byNumber = new Map(fields.map((field) => [field[0], field]));
  }

  encode(init: Init): Uint8Array {
    const writer = new WireWriter();
    const values = init as Values;
    for (const [number, name, type, label = 'one'] of this.fields) {
      const value = values[name];
      if (value === undefined) {
        continue;
      }
      try {
        writeField(writer, number, type, label, value);
      } catch (cause) {
        throw new WireError(`field "${name}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
    }
    return writer.finish();
  }

  decode(bytes: Uint8Array): Shape {
    const message = this.#create();
    this.#read({ reader: new WireReader(bytes), maxItems: this.#maxItems, itemsLeft: this.#maxItems }, message);
    return message as Shape;
  }

  /** Creates a message with the default of each field, like `create` of protobuf-es. */
  #create(): Values {
    const message: Values = { $typeName: this.typeName };
    for (const [, name, type, label = 'one'] of this.fields) {
      if (label === 'repeated') {
        message[name] = [];
      } else if (label === 'map') {
        // The peer chooses the keys, so one may be "__proto__".
        message[name] = Object.create(null);
      } else if (typeof type === 'string') {
        message[name] = defaults[type];
      }
    }
    return message;
  }

  #read(progress: Progress, message: Values): void {
    const { reader } = progress;
    while (reader.hasMore) {
      const tag = reader.tag();
      const field = this.#byNumber.get(tag >>> 3);
      if (field === undefined || !readField(progress, field, tag & 7, message)) {
        reader.skip(tag);
      }
    }
  }

  /** Reads a length-delimited message. If the field has occurred before, merges it into `previous`, as proto3 requires. */
  readInto(progress: Progress, previous: unknown): Values {
    countItem(progress);
    const message = (previous as Values | undefined) ?? this.#create();
    progress.reader.within(() => this.#read(progress, message));
    return message;
  }
}

function countItem(progress: Progress): void {
  progress.itemsLeft -= 1;
  if (progress.itemsLeft < 0) {
    throw new WireError(`more than ${progress.maxItems} elements and messages in it`);
  }
}

function wireTypeOf(type: Field[2]): number {
  return typeof type !== 'string' || type === 'string' || type === 'bytes' ? WireType.lengthDelimited : WireType.varint;
}

/** Returns false, and reads nothing, if the field cannot have this wire type. */
function readField(progress: Progress, field: Field, wireType: number, message: Values): boolean {
  const { reader } = progress;
  const [, name, type, label = 'one'] = field;
  const isLengthDelimited = wireType === WireType.lengthDelimited;
  if (label === 'map') {
    if (isLengthDelimited) {
      reader.within(() => readEntry(progress, type, message[name] as Values));
    }
    return isLengthDelimited;
  }
  if (label === 'one') {
    if (wireType !== wireTypeOf(type)) {
      return false;
    }
    message[name] = readValue(progress, type, message[name]);
    return true;
  }
  const list = message[name] as unknown[];
  if (wireType === wireTypeOf(type)) {
    list.push(readElement(progress, type));
    return true;
  }
  // The numbers of a list may be packed, even if the .proto file does not say so.
  if (isLengthDelimited) {
    reader.within(() => {
      while (reader.hasMore) {
        list.push(readElement(progress, type));
      }
    });
  }
  return isLengthDelimited;
}

function readElement(progress: Progress, type: Field[2]): unknown {
  if (typeof type === 'string') {
    countItem(progress);
  }
  return readValue(progress, type, undefined);
}

function readValue(progress: Progress, type: Field[2], previous: unknown): unknown {
  return typeof type === 'string'
    ? progress.reader[type === 'enum' ? 'int32' : type]()
    : type.readInto(progress, previous);
}

function readEntry(progress: Progress, type: Field[2], map: Values): void {
  const { reader } = progress;
  countItem(progress);
  let key = '';
  let value: unknown;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === MAP_KEY * 8 + WireType.lengthDelimited) {
      key = reader.string();
    } else if (tag === MAP_VALUE * 8 + wireTypeOf(type)) {
      value = readValue(progress, type, value);
    } else {
      reader.skip(tag);
    }
  }
  map[key] = value ?? (typeof type === 'string' ? defaults[type] : type.decode(EMPTY));
}

function writeField(writer: WireWriter, number: number, type: Field[2], label: FieldLabel, value: unknown): void {
  if (label === 'map') {
    for (const [key, each] of Object.entries(value as Values)) {
      const entry = new WireWriter();
      entry.tag(MAP_KEY, WireType.lengthDelimited).string(key);
      writeValue(entry, MAP_VALUE, type, each);
      writer.lengthDelimited(number, entry.finish());
    }
  } else if (label === 'one') {
    if (!isDefault(type, value)) {
      writeValue(writer, number, type, value);
    }
  } else if (wireTypeOf(type) === WireType.varint) {
    const packed = new WireWriter();
    for (const each of value as unknown[]) {
      writeScalar(packed, type as ScalarType, each);
    }
    if (packed.finish().length > 0) {
      writer.lengthDelimited(number, packed.finish());
    }
  } else {
    for (const each of value as unknown[]) {
      writeValue(writer, number, type, each);
    }
  }
}

/** Whether the value is the default of its type, which proto3 does not encode. */
export function isDefault(type: Field[2], value: unknown): boolean {
  return type === 'bytes' ? (value as Uint8Array).length === 0 : typeof type === 'string' && value === defaults[type];
}

function writeValue(writer: WireWriter, number: number, type: Field[2], value: unknown): void {
  if (typeof type === 'string') {
    writer.tag(number, wireTypeOf(type));
    writeScalar(writer, type, value);
  } else {
    writer.lengthDelimited(number, type.encode(value));
  }
}

function writeScalar(writer: WireWriter, type: ScalarType, value: unknown): void {
  // Each method of the writer checks its value.
  (writer[type === 'enum' ? 'int32' : type] as (value: unknown) => void).call(writer, value);
}
