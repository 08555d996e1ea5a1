/**
 * Finds words in source, documents and help texts that a reader of the documentation of Prometheus or Kubernetes would not
 * expect, and says what to write instead. For scripts/check.ts. Reads no file itself.
 */

interface WordRule {
  /** A word or a phrase; a blank also matches a line break, with the star or the slashes of a comment. */
  readonly phrase: string;
  readonly instead: string;
  /** Only in the product's code, help texts and documents: the helper functions of tests are named so. */
  readonly isForProduct?: boolean;
}

const wordRules: readonly WordRule[] = [
  { phrase: 'nobody', instead: 'name the actor: no client, no other scrape' },
  { phrase: 'whoever', instead: 'name the actor: the caller, the client' },
  { phrase: 'figures?', instead: 'metrics, values, statistics, or the very thing' },
  { phrase: '(?:those|samples|families|lines) behind', instead: 'after' },
  { phrase: 'behind the (?:others?|last|first)', instead: 'after' },
  { phrase: 'so many(?: of them)? at (?:a|the same) time', instead: 'at most N concurrently' },
  { phrase: '(?:is|are|was|were) asked', instead: 'is queried, is requested, is scraped' },
  { phrase: 'hung', instead: 'unresponsive, timed out' },
  { phrase: 'makers?', instead: 'runtime' },
  { phrase: 'si(?:eve|ft)(?:s|ed|ing)?', instead: 'filter' },
  { phrase: 'twins?', instead: 'duplicate, template, same form' },
  { phrase: 'doors?', instead: 'entry point, listener' },
  { phrase: 'of its own(?! (?:process|network|files?|calls|mounts))', instead: 'its own, separate' },
  // The folder of that name is in a path, in quotes or in backticks.
  { phrase: "(?<![/'`-])answers?(?![/'`-])", instead: 'response; to respond' },
  { phrase: 'answered|answering', instead: 'responded, served' },
  { phrase: 'asks?|asked|asking', instead: 'request, query, scrape; require', isForProduct: true },
  { phrase: 'bounds?|bounded', instead: 'limit', isForProduct: true },
  { phrase: 'rooms?', instead: 'module; space', isForProduct: true },
];

interface WordException {
  readonly path: string;
  /** As it stands in the file. */
  readonly phrase: string;
  readonly reason: string;
}

export const wordExceptions: readonly WordException[] = [
  { path: 'CHANGELOG.md', phrase: 'formerly `hung`', reason: 'the former name of a state' },
  { path: 'ARCHITECTURE.md', phrase: 'one bounded GET', reason: 'the title of a commit' },
  // OpenMetrics calls the value of `le` the upper bound of a bucket.
  ...exceptBuckets('src/exposition/scan/histograms.ts', 'bound'),
  ...exceptBuckets('src/exposition/scan/scanned-body.ts', 'bounds'),
  ...exceptBuckets('src/exposition/write/open-metrics-distributions.ts', 'bound', 'bounds', 'bounded'),
  ...exceptBuckets('src/exposition/write/write-protobuf.ts', 'bound', 'bounded'),
  { path: 'CHANGELOG.md', phrase: 'bucket bounds', reason: 'the upper bounds of buckets' },
  { path: 'docs/scanner.md', phrase: 'upper bounds', reason: 'those of buckets' },
  { path: 'src/transport/adopt-descriptor.ts', phrase: 'bound stream socket', reason: 'bind(2)' },
  { path: 'scripts/import-law.ts', phrase: 'answer:', reason: 'the name of a folder' },
  { path: 'test/support/critest-images.ts', phrase: "'nobody:x", reason: 'the name of a user' },
];

function exceptBuckets(path: string, ...phrases: readonly string[]): WordException[] {
  return phrases.map((phrase) => ({ path, phrase, reason: 'the upper bound of a bucket' }));
}

const patterns = wordRules.map(({ phrase, instead, isForProduct = false }) => ({
  pattern: new RegExp(`\\b(?:${phrase.replaceAll(' ', '[\\s*/]{1,8}')})\\b`, 'gi'),
  instead,
  isForProduct,
}));

const product = /^(?:(?:deploy|docs|src|web)\/(?!.*\.test\.ts$)|[^/]*$)/;

/**
 * Every such word as `path:line: "word", write ...`, and every exception that is not needed; `files` has the text of each
 * file by its path.
 */
export function checkWords(
  files: ReadonlyMap<string, string>,
  exceptions: readonly WordException[] = wordExceptions,
): string[] {
  const unused = new Set(exceptions);
  const faults: string[] = [];
  for (const [path, text] of files) {
    const ofFile = exceptions.filter((exception) => exception.path === path);
    for (const { pattern, instead } of patterns.filter(({ isForProduct }) => !isForProduct || product.test(path))) {
      for (const { 0: found, index } of text.matchAll(pattern)) {
        const exception = ofFile.find(({ phrase }) => isWithin(text, phrase, index, found.length));
        if (exception === undefined) {
          const line = text.slice(0, index).split('\n').length;
          faults.push(`${path}:${line}: "${found.replaceAll(/[\s*/]+/g, ' ')}", write: ${instead}`);
        } else {
          unused.delete(exception);
        }
      }
    }
  }
  const stale = [...unused].map(({ path, phrase }) => `${path}: does not need the exception "${phrase}"`);
  return [...faults, ...stale];
}

/** Whether the word at `index` is a part of `phrase` there. */
function isWithin(text: string, phrase: string, index: number, length: number): boolean {
  const from = Math.max(0, index + length - phrase.length);
  const at = text.slice(from, index + phrase.length).indexOf(phrase);
  return at !== -1 && from + at <= index;
}
