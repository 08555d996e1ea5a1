/**
 * Metadata of a request: text values by keys that are not case-sensitive; a key may have several. Client calls write it,
 * handlers read it from their context.
 */
interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** Metadata that a caller passes: one value or several for a key. */
export type MetadataInit = Readonly<Record<string, string | readonly string[]>>;

/**
 * Metadata that a handler receives: keys in lower case, values in the order in which they were sent. A map, because the
 * peer chooses the keys.
 */
export type Metadata = ReadonlyMap<string, readonly string[]>;

/** @throws {TypeError} for an empty key. */
export function encodeMetadata(metadata: MetadataInit): KeyValue[] {
  return Object.entries(metadata).flatMap(([key, value]) => {
    if (key === '') {
      throw new TypeError('Cannot send metadata under an empty key');
    }
    const values = typeof value === 'string' ? [value] : value;
    return values.map((each) => ({ key: key.toLowerCase(), value: each }));
  });
}

export function decodeMetadata(pairs: readonly KeyValue[]): Metadata {
  const metadata = new Map<string, string[]>();
  for (const { key, value } of pairs) {
    const lowerKey = key.toLowerCase();
    const values = metadata.get(lowerKey);
    if (values === undefined) {
      metadata.set(lowerKey, [value]);
    } else {
      values.push(value);
    }
  }
  return metadata;
}
