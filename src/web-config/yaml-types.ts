/**
 * Reads YAML into values of given types as Go's yaml.v2 does in its strict mode: the type of a field determines the
 * meaning of its scalar, so that keys and texts are as in the file; an empty value is the zero value of the type; aliases
 * and merges are followed. Independent of the keys of web.yml.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  Scalar,
  visit,
  type YAMLError,
} from 'yaml';
import { type GoScalar, parseGoDurationNs, resolveGoScalar } from './go-scalar.ts';
import { WebConfigError } from './web-config-error.ts';

/** How values of one type are read. */
export interface YamlType<T> {
  /** Value of a key that has no value in the file. */
  readonly zero: T;
  /** `before`: the value of the field so far, by a merge. Objects keep keys that do not occur again. */
  read(node: Node, place: Place, before: T): T;
}

/** Position in the file, and the file. */
interface Place {
  /** Dotted; empty at the root. */
  readonly path: string;
  readonly file: YamlFile;
}

/** Limit of the values that are read, counted each time that an alias leads to them. A real file has less than 1,000. */
const MAX_VALUES = 100_000;
/** Limit of nested values and aliases. Keys of web.yml are at most 3 levels deep. */
const MAX_DEPTH = 100;
/** Code of the parser when its recursion has exhausted the stack, which takes far more levels than `MAX_DEPTH`. */
const EXHAUSTED = 'RESOURCE_EXHAUSTION';

interface YamlFile {
  readonly targets: ReadonlyMap<Node, Node>;
  readonly open: Set<Node>;
  /** Maps that were created while this file is read. Merges add to them instead of copying them. */
  readonly ownMaps: WeakSet<object>;
  valueCount: number;
  depth: number;
}

/**
 * The value of a whole file; `initial` where it says nothing.
 * @throws {WebConfigError}
 */
export function readYaml<T>(text: string, type: YamlType<T>, initial: T): T {
  const lineCounter = new LineCounter();
  // Scalars keep their source; the types detect duplicate keys. Pretty errors would quote the whole line for each error.
  const documents = parseAllDocuments(text, {
    lineCounter,
    prettyErrors: false,
    version: '1.1',
    schema: 'failsafe',
    uniqueKeys: false,
    resolveKnownTags: false,
  });
  const all = 'empty' in documents ? [documents] : documents;
  const error = all
    .flatMap(({ errors, warnings }) => [...errors, ...warnings])
    .find(({ name, code }) => name === 'YAMLParseError' || code === 'BAD_DIRECTIVE');
  if (error !== undefined) {
    throw new WebConfigError(describeError(error, lineCounter), { cause: error });
  }
  if (documents.length > 1) {
    throw new WebConfigError('File must be one YAML document, got several');
  }
  const contents = documents[0]?.contents ?? null;
  if (contents === null) {
    return initial;
  }
  const targets = findTargets(contents);
  const file = { targets, open: new Set<Node>(), ownMaps: new WeakSet(), valueCount: 0, depth: 0 };
  return readValue(contents, type, { path: '', file }, initial);
}

/** Does not quote the file, which may contain a key. */
function describeError({ code, message, pos }: YAMLError, lines: LineCounter): string {
  const { line, col } = lines.linePos(pos[0]);
  const at = `at line ${line}, column ${col}`;
  return code === EXHAUSTED ? `${TOO_DEEP} ${at}` : `YAML cannot be read: ${message.split('\n', 1)[0]} ${at}`;
}

const TOO_DEEP = `File must have at most ${MAX_DEPTH} levels of nested values and aliases, got more`;

/** Returns the target of each alias: the last node before it with that anchor. */
function findTargets(contents: Node): ReadonlyMap<Node, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  visit(contents, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target === undefined) {
          throw new WebConfigError(`YAML cannot be read: alias "*${node.source}" has no anchor before it`);
        }
        targets.set(node, target);
      } else if (node.anchor !== undefined) {
        anchors.set(node.anchor, node);
      }
    },
  });
  return targets;
}

function readValue<T>(node: Node, type: YamlType<T>, place: Place, before: T): T {
  const { file, path } = place;
  file.valueCount += 1;
  if (file.valueCount > MAX_VALUES) {
    throw new WebConfigError(
      `File must have at most ${MAX_VALUES} values, including those that aliases repeat, got more`,
    );
  }
  if (file.depth >= MAX_DEPTH) {
    throw new WebConfigError(`${TOO_DEEP} in ${path === '' ? 'its root' : `key "${path}"`}`);
  }
  file.depth += 1;
  const value = readNested(node, type, place, before);
  file.depth -= 1;
  return value;
}

function readNested<T>(node: Node, type: YamlType<T>, place: Place, before: T): T {
  const { file, path } = place;
  const target = file.targets.get(node);
  if (target === undefined) {
    return isScalar(node) && scalarOf(node, path).kind === 'null' ? type.zero : type.read(node, place, before);
  }
  if (file.open.has(target)) {
    throw new WebConfigError(`YAML cannot be read: anchor "${target.anchor}" contains itself`);
  }
  file.open.add(target);
  const value = readValue(target, type, place, before);
  file.open.delete(target);
  return value;
}

const TAG_PREFIX = 'tag:yaml.org,2002:';

/** A scalar by its tag, else by its form; one in quotes is a text. */
function scalarOf(node: Scalar, path: string): GoScalar {
  const { source = '', tag, type } = node;
  if (tag === undefined || tag === '!') {
    return tag === undefined && type === Scalar.PLAIN ? resolveGoScalar(source) : { kind: 'text' };
  }
  const name = tag.startsWith(TAG_PREFIX) ? tag.slice(TAG_PREFIX.length) : undefined;
  if (name === undefined || !['bool', 'float', 'int', 'null', 'timestamp'].includes(name)) {
    return { kind: 'text' };
  }
  const found = resolveGoScalar(source);
  if (found.kind === 'int' && name === 'float') {
    return { kind: 'float', value: Number(found.value) };
  }
  if (found.kind !== name) {
    throw new WebConfigError(`Key "${path}" has the tag !!${name}, which its value is not`);
  }
  return found;
}

function wrong(path: string, what: string, node: Node): WebConfigError {
  const given = isScalar(node) ? JSON.stringify(node.source ?? '') : isMap(node) ? 'keys with values' : 'a list';
  return new WebConfigError(`${path === '' ? 'File' : `Key "${path}"`} must be ${what}, got ${given}`);
}

/** A text as it is in the file. `isSecret` keeps it out of error messages. */
export function text(): YamlType<string> {
  return {
    zero: '',
    read: (node, { path }) => {
      if (!isScalar(node)) {
        throw wrong(path, 'a text', node);
      }
      return node.tag === `${TAG_PREFIX}binary` ? decodeBinary(node.source ?? '', path) : (node.source ?? '');
    },
  };
}

function decodeBinary(source: string, path: string): string {
  const digits = source.replace(/[\r\n]/g, '');
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) {
    throw new WebConfigError(`Key "${path}" has the tag !!binary, which its value is not`);
  }
  return Buffer.from(digits, 'base64').toString('utf8');
}

/** One of `names`. `zero`: the value of a key without a value, which the file cannot express in another way. */
export function oneOf<T extends string>(names: readonly T[], zero: T): YamlType<T> {
  return {
    zero,
    read: (node, place) => {
      const given = text().read(node, place, '');
      const name = names.find((each) => each === given);
      if (name === undefined) {
        throw wrong(place.path, `one of ${names.filter((each) => each !== '').join(', ')}`, node);
      }
      return name;
    },
  };
}

export const flag: YamlType<boolean> = {
  zero: false,
  read: (node, { path }) => {
    const scalar = isScalar(node) ? scalarOf(node, path) : undefined;
    if (scalar?.kind !== 'bool') {
      throw wrong(path, 'true or false', node);
    }
    return scalar.value;
  },
};

/** 64 bits; a fraction is cut off. */
function integerOf(node: Node, path: string): number | undefined {
  const scalar = isScalar(node) ? scalarOf(node, path) : undefined;
  if (scalar?.kind !== 'int' && scalar?.kind !== 'float') {
    return undefined;
  }
  const value = scalar.kind === 'int' ? Number(scalar.value) : Math.max(-(2 ** 63), Math.trunc(scalar.value)) + 0;
  const isInRange = scalar.kind === 'int' ? scalar.value < 2n ** 63n : value < 2 ** 63;
  return isInRange ? value : undefined;
}

export const integer: YamlType<number> = {
  zero: 0,
  read: (node, { path }) => {
    const value = integerOf(node, path);
    if (value === undefined) {
      throw wrong(path, 'an integer', node);
    }
    return value;
  },
};

/** Nanoseconds: a duration such as 1m30s, or an integer of nanoseconds. */
export const durationNs: YamlType<number> = {
  zero: 0,
  read: (node, { path }) => {
    const isText = isScalar(node) && scalarOf(node, path).kind === 'text';
    const value = isText ? parseGoDurationNs(node.source ?? '') : integerOf(node, path);
    if (value === undefined) {
      throw wrong(path, 'a duration such as 500ms, or an integer of nanoseconds', node);
    }
    return value;
  },
};

export function listOf<T>(type: YamlType<T>): YamlType<readonly T[] | undefined> {
  return {
    zero: undefined,
    read: (node, { path, file }) => {
      if (!isSeq<Node>(node)) {
        throw wrong(path, 'a list', node);
      }
      return node.items.map((item, i) => readValue(item, type, { path: `${path}.${i}`, file }, type.zero));
    },
  };
}

/** Any keys, as they are in the file. */
export function mapOf<T>(type: YamlType<T>): YamlType<ReadonlyMap<string, T>> {
  const zero: ReadonlyMap<string, T> = new Map();
  const read = (node: Node, place: Place, before: ReadonlyMap<string, T>): ReadonlyMap<string, T> => {
    const { path, file } = place;
    const result = file.ownMaps.has(before) ? (before as Map<string, T>) : new Map(before);
    file.ownMaps.add(result);
    eachPair(node, place, {
      onPair: (key, value) => {
        if (result.has(key)) {
          throw new WebConfigError(`Key "${path}.${key}" is a duplicate`);
        }
        result.set(key, readValue(value, type, { path: `${path}.${key}`, file }, type.zero));
      },
      onMerge: (source) => {
        readValue(source, { zero, read }, place, result);
      },
    });
    return result;
  };
  return { zero, read };
}

type Fields<T> = { readonly [K in keyof T]: YamlType<T[K]> };

/** The keys of `fields` and no other. */
export function struct<T extends object>(fields: Fields<T>): YamlType<T> {
  const zero = Object.fromEntries(
    Object.entries<YamlType<unknown>>(fields).map(([name, type]) => [name, type.zero]),
  ) as T;
  const read: YamlType<T>['read'] = (node, place, before) => {
    const { path, file } = place;
    let result = { ...before };
    const given = new Set<string>();
    eachPair(node, place, {
      onPair: (key, value) => {
        const keyPath = path === '' ? key : `${path}.${key}`;
        if (!Object.hasOwn(fields, key)) {
          throw new WebConfigError(`Key "${keyPath}" is not a known key`);
        }
        if (given.has(key)) {
          throw new WebConfigError(`Key "${keyPath}" is a duplicate`);
        }
        given.add(key);
        const name = key as keyof T;
        result[name] = readValue(value, fields[name], { path: keyPath, file }, result[name]);
      },
      onMerge: (source) => {
        result = { ...readValue(source, { zero, read }, place, result) };
      },
    });
    return result;
  };
  return { zero, read };
}

interface PairListener {
  onPair(key: string, value: Node): void;
  onMerge(source: Node): void;
}

function eachPair(node: Node, { path, file }: Place, listener: PairListener): void {
  if (!isMap(node)) {
    throw wrong(path, 'keys with their values', node);
  }
  for (const { key, value } of node.items as readonly Pair<Node | null, Node | null>[]) {
    const valueNode = value ?? emptyNode();
    if (isScalar(key) && isMergeKey(key)) {
      for (const source of mergeSources(valueNode, path, file)) {
        listener.onMerge(source);
      }
    } else {
      const name = key === null ? '' : readValue(key, text(), { path: `${path} (a key)`.trim(), file }, '');
      listener.onPair(name, valueNode);
    }
  }
}

function emptyNode(): Scalar {
  const node = new Scalar(null);
  node.source = '';
  node.type = Scalar.PLAIN;
  return node;
}

function isMergeKey({ source, tag, type }: Scalar): boolean {
  return source === '<<' && (tag === `${TAG_PREFIX}merge` || (tag === undefined && type === Scalar.PLAIN));
}

/** Earlier ones of a list take precedence, so the last comes first. */
function mergeSources(value: Node, path: string, file: YamlFile): readonly Node[] {
  const sources = isSeq<Node>(value) ? value.items.toReversed() : [value];
  if (!sources.every((source) => isMap(file.targets.get(source) ?? source))) {
    throw wrong(path === '' ? '<<' : `${path}.<<`, 'keys with values, or a list of such', value);
  }
  return sources;
}
