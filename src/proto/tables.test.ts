/**
 * The tables beside the generated code: the same fields, the same bytes, the same messages.
 */
import {
  create,
  type DescField,
  type DescMessage,
  type DescService,
  fromBinary,
  ScalarType,
  toBinary,
  toJson as toJsonByLibrary,
} from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Field, type Service, type TableType, toJson, WireError, WireWriter } from '../wire/index.ts';
import * as tables from './agent-messages.ts';
import { RuntimeService as RuntimeServiceTable } from './cri-messages.ts';
import { payloadNumbers, RequestType, ResponseType } from './envelope-messages.ts';
import {
  AgentService,
  ExporterService,
  Health,
  MetricsSchema,
  RequestSchema,
  ResponseSchema,
  RuntimeService,
} from './index.ts';

type Table = TableType<unknown, unknown>;

const services: readonly (readonly [Service, DescService])[] = [
  [tables.AgentService, AgentService],
  [tables.ExporterService, ExporterService],
  [tables.Health, Health],
  [RuntimeServiceTable, RuntimeService],
];

const messages: readonly (readonly [name: string, table: Table, schema: DescMessage])[] = [
  [RequestType, RequestSchema] as const,
  [ResponseType, ResponseSchema] as const,
  ...services.flatMap(([service, descriptor]) =>
    descriptor.methods.flatMap(({ localName, input, output }) => {
      const method = service.method[localName]!;
      return [[method.input, input] as const, [method.output, output] as const];
    }),
  ),
].map(([table, schema]) => [schema.typeName, table as Table, schema]);

/** Of a table, or of a descriptor, in one form. */
function layoutOfTable({ typeName, fields }: Table): unknown {
  const layoutOf = ([number, name, type, label = 'one']: Field) => [
    number,
    name,
    label,
    typeof type === 'string' ? type : layoutOfTable(type),
  ];
  return [typeName, fields.map(layoutOf)];
}

function layoutOfSchema({ typeName, fields }: DescMessage): unknown {
  return [typeName, fields.map(layoutOfField)];
}

function layoutOfField(field: DescField): unknown {
  const { number, localName } = field;
  const typeOf = ({ message, scalar }: { message?: DescMessage | undefined; scalar?: ScalarType | undefined }) => {
    const name = scalar === undefined ? 'enum' : ScalarType[scalar].toLowerCase();
    return message === undefined ? name : layoutOfSchema(message);
  };
  const label = { list: 'repeated', map: 'map', scalar: 'one', enum: 'one', message: 'one' }[field.fieldKind];
  if (field.fieldKind === 'map' && field.mapKey !== ScalarType.STRING) {
    throw new TypeError(`The keys of "${localName}" are no strings`);
  }
  return [number, localName, label, typeOf(field)];
}

const scalars = {
  bool: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 200 }),
  enum: fc.integer(),
  int32: fc.integer(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  string: fc.string({ unit: 'binary', maxLength: 60 }),
  uint32: fc.nat(2 ** 32 - 1),
  uint64: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 300n })),
} as const;

/** Values of a message, some of its fields left out. */
function arbitraryOf({ fields }: Table): fc.Arbitrary<unknown> {
  const ofField = ([, name, type, label = 'one']: Field): [string, fc.Arbitrary<unknown>] => {
    const one: fc.Arbitrary<unknown> = typeof type === 'string' ? scalars[type] : arbitraryOf(type);
    const list = fc.array(one, { maxLength: 4 });
    // protobuf-es cannot hold an entry of this name.
    const key = fc.string({ unit: 'grapheme', maxLength: 9 }).filter((text) => text !== '__proto__');
    return [name, label === 'one' ? one : label === 'repeated' ? list : fc.dictionary(key, one, { maxKeys: 4 })];
  };
  return fc.record(Object.fromEntries(fields.map(ofField)), { requiredKeys: [] });
}

/** Without the difference between Buffer and Uint8Array, and prototypes. */
function plain(message: unknown): unknown {
  return JSON.parse(
    JSON.stringify(message, (_key, value: unknown) => {
      if (typeof value === 'bigint') {
        return `${value}n`;
      }
      const isBuffer = (value as { type?: unknown } | null)?.type === 'Buffer';
      return value instanceof Uint8Array
        ? { bytes: [...value] }
        : isBuffer
          ? { bytes: (value as { data: unknown }).data }
          : value;
    }),
  );
}

const unknown = fc
  .tuple(
    fc.integer({ min: 100, max: 2 ** 29 - 1 }),
    fc.constantFrom(0, 1, 2, 3, 5),
    fc.uint8Array({ minLength: 8, maxLength: 8 }),
  )
  .map(([number, wireType, bytes]) => {
    const writer = new WireWriter().tag(number, wireType);
    if (wireType === 0) {
      writer.uint64(Buffer.from(bytes).readBigUInt64LE());
    } else if (wireType === 2) {
      writer.bytes(bytes);
    } else if (wireType === 3) {
      return Buffer.concat([writer.finish(), new WireWriter().tag(9, 2).bytes(bytes).tag(number, 4).finish()]);
    }
    return Buffer.concat([
      writer.finish(),
      wireType === 1 ? bytes : wireType === 5 ? bytes.subarray(4) : Buffer.alloc(0),
    ]);
  });

describe('tables of messages', () => {
  it.each(services.map(([table, descriptor]) => [descriptor.typeName, table, descriptor] as const))(
    '%s has the methods of its .proto file',
    (_, table, descriptor) => {
      const ofTable = Object.values(table.method).map((method) => [
        ...[method.localName, method.name, method.methodKind, method.parent.typeName],
        ...[method.input.typeName, method.output.typeName],
      ]);
      const ofFile = descriptor.methods.map((method) => [
        ...[method.localName, method.name, method.methodKind, method.parent.typeName],
        ...[method.input.typeName, method.output.typeName],
      ]);
      expect(ofTable).toEqual(ofFile);
    },
  );

  it('have the numbers of fields that are read by themselves', () => {
    expect({ ...payloadNumbers, metrics: tables.METRICS_NUMBER }).toEqual({
      request: RequestSchema.field.payload.number,
      response: ResponseSchema.field.payload.number,
      metrics: MetricsSchema.field.metrics.number,
    });
  });
});

describe.each(messages)('%s', (_, table, schema) => {
  it('has the fields of its .proto file', () => {
    expect(layoutOfTable(table)).toEqual(layoutOfSchema(schema));
  });

  it('is encoded and decoded as by protobuf-es, in pieces and with unknown fields too', () => {
    fc.assert(
      fc.property(arbitraryOf(table), arbitraryOf(table), unknown, (one, other, foreign) => {
        const bytes = Buffer.from(table.encode(one));
        expect(bytes).toEqual(Buffer.from(toBinary(schema, create(schema, one as Record<string, unknown>))));
        const whole = Buffer.concat([foreign, bytes, foreign, table.encode(other)]);
        const expected = fromBinary(schema, whole, { readUnknownFields: false });
        expect(plain(table.decode(whole))).toEqual(plain(expected));
        // In both directions: what a table has decoded is a message of protobuf-es.
        expect(plain(fromBinary(schema, toBinary(schema, table.decode(whole) as never)))).toEqual(plain(expected));
      }),
      { numRuns: 150 },
    );
  });

  it('refuses random bytes by one error, or reads them', () => {
    fc.assert(
      fc.property(
        arbitraryOf(table),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        fc.nat(),
        (init, flips, cut) => {
          const bytes = Buffer.from(table.encode(init));
          for (const [at, byte] of flips) {
            bytes[at % (bytes.length + 1)] = byte;
          }
          for (const input of [bytes, bytes.subarray(0, cut % (bytes.length + 1))]) {
            try {
              expect(table.encode(table.decode(input))).toBeInstanceOf(Uint8Array);
            } catch (error) {
              expect(error).toBeInstanceOf(WireError);
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

// Tables do not have the names of the values of an enum, nor the form of a google.protobuf.Any.
describe.each(
  messages.filter(
    ([name, , { fields }]) => name.startsWith('grpc.') && fields.every((field) => field.fieldKind !== 'enum'),
  ),
)('%s', (_, table, schema) => {
  it('is the same JSON as by protobuf-es', () => {
    fc.assert(
      fc.property(arbitraryOf(table), (init) => {
        const message = table.decode(table.encode(init));
        expect(toJson(table, message)).toEqual(toJsonByLibrary(schema, message as never));
      }),
      { numRuns: 100 },
    );
  });
});
