/**
 * The services of a server: the types of handlers, and the table of services by name.
 */
import type { DescMethod } from '@bufbuild/protobuf';
import { Code } from '../grpc/index.ts';
import type { Method, Service } from '../wire/index.ts';
import type { AnyType, InitOf, ShapeOf } from './message-types.ts';
import type { Metadata } from './metadata.ts';
import { TtrpcError } from './ttrpc-error.ts';

/** What a handler gets in addition to the request. */
export interface HandlerContext {
  /**
   * Aborted when the response is no longer needed: the deadline has passed, the connection is gone, or the server
   * stops. Its reason is a TtrpcError. The response of a handler that continues is dropped.
   */
  readonly signal: AbortSignal;
  /** How long the caller waits, from the arrival of the request. Absent without a deadline. */
  readonly timeoutMs?: number;
  readonly metadata: Metadata;
  /** Full name, package included. */
  readonly service: string;
  readonly method: string;
}

type Awaitable<T> = T | Promise<T>;
type Responses<O extends AnyType> = AsyncIterable<InitOf<O>> | Iterable<InitOf<O>>;

export type UnaryHandler<I extends AnyType, O extends AnyType> = (
  request: ShapeOf<I>,
  context: HandlerContext,
) => Awaitable<InitOf<O>>;

/** Usually an async generator; it is stopped by `return` when the call is over. */
export type ServerStreamHandler<I extends AnyType, O extends AnyType> = (
  request: ShapeOf<I>,
  context: HandlerContext,
) => Responses<O>;

export type ClientStreamHandler<I extends AnyType, O extends AnyType> = (
  requests: AsyncIterable<ShapeOf<I>>,
  context: HandlerContext,
) => Awaitable<InitOf<O>>;

export type BidiStreamHandler<I extends AnyType, O extends AnyType> = (
  requests: AsyncIterable<ShapeOf<I>>,
  context: HandlerContext,
) => Responses<O>;

type Typed<Kind extends string, I, O> = { methodKind: Kind; input: I; output: O };

/** The handler that a method needs, by its kind. */
export type Handler<M extends DescMethod | Method> =
  M extends Typed<'unary', infer I extends AnyType, infer O extends AnyType>
    ? UnaryHandler<I, O>
    : M extends Typed<'server_streaming', infer I extends AnyType, infer O extends AnyType>
      ? ServerStreamHandler<I, O>
      : M extends Typed<'client_streaming', infer I extends AnyType, infer O extends AnyType>
        ? ClientStreamHandler<I, O>
        : M extends Typed<'bidi_streaming', infer I extends AnyType, infer O extends AnyType>
          ? BidiStreamHandler<I, O>
          : never;

/** Handlers by the local name of their method. Omitted methods respond with UNIMPLEMENTED. */
export type ServiceImplementation<S extends { readonly method: Readonly<Record<string, DescMethod | Method>> }> = {
  readonly [K in keyof S['method']]?: Handler<S['method'][K]>;
};

/** A handler after its types are checked: the method's kind determines which of the four shapes it has. */
export type AnyHandler = (input: unknown, context: HandlerContext) => unknown;

export interface ServedMethod {
  readonly descriptor: Method;
  readonly handler: AnyHandler;
}

/** Services by full name, their methods by the name in the .proto file. */
export class ServiceTable {
  readonly #services = new Map<string, Map<string, ServedMethod>>();
  readonly #added = new Set<Service>();

  /**
   * Two descriptors of one name are two parts of one service.
   * @throws {TypeError} for a name that the service does not have, for a service added twice, and for a method that two
   * parts have.
   */
  add(service: Service, implementation: Readonly<Record<string, unknown>>): void {
    if (this.#added.has(service)) {
      throw new TypeError(`Cannot add service "${service.typeName}" twice`);
    }
    const refuse = (localName: string, problem: string): never => {
      throw new TypeError(`Cannot add handler "${localName}": service "${service.typeName}" ${problem}`);
    };
    const methods = new Map(this.#services.get(service.typeName));
    for (const descriptor of Object.values(service.method)) {
      // Looked up by name, as the handlers of a class are in its prototype.
      const handler = implementation[descriptor.localName];
      if (handler === undefined) {
        continue;
      }
      if (typeof handler !== 'function') {
        refuse(descriptor.localName, `needs a function, got ${typeof handler}`);
      } else if (methods.has(descriptor.name)) {
        refuse(descriptor.localName, 'has a handler for it already');
      } else {
        methods.set(descriptor.name, { descriptor, handler: handler.bind(implementation) });
      }
    }
    for (const [localName, value] of Object.entries(implementation)) {
      const isMethod = Object.hasOwn(service.method, localName);
      if (typeof value === 'function' && !isMethod) {
        refuse(localName, 'has no such method');
      }
    }
    this.#services.set(service.typeName, methods);
    this.#added.add(service);
  }

  /** @throws {TtrpcError} UNIMPLEMENTED saying whether service or method is unknown. */
  find(serviceName: string, methodName: string): ServedMethod {
    const methods = this.#services.get(serviceName);
    if (methods === undefined) {
      throw new TtrpcError(Code.unimplemented, `Service "${serviceName}" is not known`);
    }
    const method = methods.get(methodName);
    if (method !== undefined) {
      return method;
    }
    throw new TtrpcError(Code.unimplemented, `Service "${serviceName}" has no method "${methodName}"`);
  }
}
