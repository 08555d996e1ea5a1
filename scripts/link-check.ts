/**
 * Finds links that lead nowhere: relative links and anchors in Markdown documents, and paths of documents in other files,
 * except tests. For scripts/check.ts. Reads no file itself, and checks no link to another host.
 */
import { posix } from 'node:path';

/** The target of `[text](target)`, of an image, and of `[text](target "title")`. */
const linkPattern = /\]\(([^()\s]+)(?: "[^"]*")?\)/g;
/** A document by its path from the repository, as help texts, comments and alerts name it. */
const documentPattern = /(?<![\w./-])docs\/[\w./-]+\.(?:md|json)(?:#[\w-]+)?/g;

/** Every link that leads nowhere, as `path:line: what`; `files` has each file's text and `paths` every tracked path. */
export function checkLinks(files: ReadonlyMap<string, string>, paths: Iterable<string>): string[] {
  const known = withFolders(paths);
  const anchors = new Map<string, Set<string>>();
  for (const [path, text] of files) {
    if (path.endsWith('.md')) {
      anchors.set(path, findAnchors(text));
    }
  }
  const faults: string[] = [];
  for (const [path, text] of files) {
    for (const { target, from, index } of findTargets(path, text)) {
      const fault = checkTarget(target, from, known, anchors);
      if (fault !== undefined) {
        faults.push(`${path}:${text.slice(0, index).split('\n').length}: ${fault}`);
      }
    }
  }
  return faults;
}

interface Target {
  /** A path, an anchor, or both. */
  readonly target: string;
  /** The file that the target is relative to; empty for the top of the repository. */
  readonly from: string;
  /** Where the target is in the text. */
  readonly index: number;
}

function findTargets(path: string, text: string): Target[] {
  // Tests name documents that exist only in their own cases.
  if (path.endsWith('.test.ts')) {
    return [];
  }
  if (!path.endsWith('.md')) {
    return [...text.matchAll(documentPattern)].map(({ 0: target, index }) => ({ target, from: '', index }));
  }
  const prose = withoutCode(text);
  return [...prose.matchAll(linkPattern)].map(({ 1: target = '', index }) => ({ target, from: path, index }));
}

function checkTarget(
  target: string,
  from: string,
  known: ReadonlySet<string>,
  anchors: ReadonlyMap<string, ReadonlySet<string>>,
): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(target)) {
    return undefined;
  }
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? from : posix.join(posix.dirname(from), file).replace(/\/$/, '');
  if (!known.has(path)) {
    return `no file ${path}`;
  }
  if (anchor !== undefined && anchors.get(path)?.has(anchor) !== true) {
    return `no heading #${anchor} in ${path}`;
  }
  return undefined;
}

function withFolders(paths: Iterable<string>): Set<string> {
  const known = new Set<string>();
  for (const path of paths) {
    for (let part = path; part !== '.'; part = posix.dirname(part)) {
      known.add(part);
    }
  }
  return known;
}

/** The anchors that GitHub gives the headings of a document: `## A (b)` has `a-b`, the second of that name `a-b-1`. */
function findAnchors(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutFences(text).matchAll(/^#{1,6} +(.+?)[ #]*$/gm)) {
    const shown = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = shown
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) {
      anchor = `${slug}-${count}`;
    }
    anchors.add(anchor);
  }
  for (const [, id = ''] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) {
    anchors.add(id);
  }
  return anchors;
}

/** Blanks take the place of code, so that indexes remain valid. */
function withoutCode(text: string): string {
  return withoutFences(text).replaceAll(/`[^`\n]*`/g, blank);
}

function withoutFences(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, blank);
}

function blank(code: string): string {
  return code.replaceAll(/[^\n]/g, ' ');
}
