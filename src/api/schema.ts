/**
 * The part of JSON Schema 2020-12 that the API uses, as typed data, and the TypeScript type of a schema. Types only.
 */

interface Described {
  readonly description?: string;
}

type PrimitiveName = 'boolean' | 'integer' | 'null' | 'number' | 'string';

export type JsonSchema =
  | { readonly $ref: string }
  | (Described & { readonly oneOf: readonly JsonSchema[] })
  | (Described & { readonly enum: readonly string[] })
  | (Described & { readonly type: PrimitiveName | readonly PrimitiveName[] })
  | (Described & { readonly type: 'array'; readonly items: JsonSchema })
  /** Every property is required: a value that is not known is null. */
  | (Described & { readonly type: 'object'; readonly properties: Readonly<Record<string, JsonSchema>> })
  | (Described & { readonly type: 'object'; readonly additionalProperties: JsonSchema });

interface Primitives {
  readonly boolean: boolean;
  readonly integer: number;
  readonly null: null;
  readonly number: number;
  readonly string: string;
}

/** The type of values that match the schema `S`, whose references are to the schemas of `D`. */
export type TypeOf<S, D> = S extends { readonly $ref: `#/components/schemas/${infer N extends keyof D & string}` }
  ? TypeOf<D[N], D>
  : S extends { readonly oneOf: readonly (infer O)[] }
    ? TypeOf<O, D>
    : S extends { readonly enum: readonly (infer E)[] }
      ? E
      : S extends { readonly items: infer I }
        ? readonly TypeOf<I, D>[]
        : S extends { readonly properties: infer P }
          ? { readonly [K in keyof P]: TypeOf<P[K], D> }
          : S extends { readonly additionalProperties: infer V }
            ? Readonly<Record<string, TypeOf<V, D>>>
            : S extends { readonly type: readonly (infer T extends PrimitiveName)[] }
              ? Primitives[T]
              : S extends { readonly type: infer T extends PrimitiveName }
                ? Primitives[T]
                : never;
