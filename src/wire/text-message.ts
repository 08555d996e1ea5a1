/**
 * A message with one large text that exists as a string: it is encoded only when a socket writes it. A buffer of its size
 * for each message would stay until the next garbage collection.
 */
import { type MessagePart, TableType } from './message-type.ts';
import { WireType } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

/** `Name`: of the only field, of type `bytes`; a string stands for its UTF-8. */
export class TextMessage<Shape, Name extends string> extends TableType<
  Shape,
  { readonly [N in Name]?: Uint8Array | string }
> {
  readonly #number: number;
  readonly #name: Name;

  constructor(typeName: string, number: number, name: Name) {
    super(typeName, [[number, name, 'bytes']]);
    this.#number = number;
    this.#name = name;
  }

  override encode(init: { readonly [N in Name]?: Uint8Array | string }): Uint8Array {
    return Buffer.concat(this.encodeParts(init).map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  }

  encodeParts(init: { readonly [N in Name]?: Uint8Array | string }): readonly MessagePart[] {
    const text = init[this.#name] ?? '';
    const length = typeof text === 'string' ? Buffer.byteLength(text) : text.length;
    if (length === 0) {
      return [];
    }
    return [new WireWriter().tag(this.#number, WireType.lengthDelimited).uint32(length).finish(), text];
  }
}
