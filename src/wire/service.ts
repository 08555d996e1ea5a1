/**
 * Services and their methods, by the types of their messages.
 */
import type { MessageType } from './message-type.ts';

// biome-ignore lint/suspicious/noExplicitAny: of any messages; methods of an interface are compared in both directions.
export type AnyMessageType = MessageType<any, any>;

export type MethodKind = 'bidi_streaming' | 'client_streaming' | 'server_streaming' | 'unary';

export interface Method<
  Kind extends MethodKind = MethodKind,
  Input extends AnyMessageType = AnyMessageType,
  Output extends AnyMessageType = AnyMessageType,
> {
  readonly methodKind: Kind;
  /** Name in the .proto file. */
  readonly name: string;
  /** Name in JavaScript. */
  readonly localName: string;
  readonly parent: { readonly typeName: string };
  readonly input: Input;
  readonly output: Output;
}

export interface Service {
  /** Full name, with the package. */
  readonly typeName: string;
  /** Methods by their names in JavaScript. */
  readonly method: Readonly<Record<string, Method>>;
}

type Messages = readonly [input: AnyMessageType, output: AnyMessageType];

type UnaryMethods<M extends Readonly<Record<string, Messages>>> = {
  readonly [Name in keyof M]: Method<'unary', M[Name][0], M[Name][1]>;
};

/** A service of unary methods, by their names in the .proto file in camel case. */
export function unaryService<const M extends Readonly<Record<string, Messages>>>(
  typeName: string,
  methods: M,
): { readonly typeName: string; readonly method: UnaryMethods<M> } {
  const parent = { typeName };
  const method = Object.fromEntries(
    Object.entries(methods).map(([localName, [input, output]]): [string, Method] => {
      const name = localName.charAt(0).toUpperCase() + localName.slice(1);
      return [localName, { methodKind: 'unary', name, localName, parent, input, output }];
    }),
  );
  return { typeName, method: method as unknown as UnaryMethods<M> };
}
