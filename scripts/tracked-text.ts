/**
 * Rules about the text of the repository's files that no linter knows: for scripts/check.ts. Reads no file itself.
 */

interface TextRule {
  readonly name: string;
  /** The files that the rule is about, by path from the repository. */
  readonly paths: RegExp;
  readonly pattern: RegExp;
}

const textRules: readonly TextRule[] = [
  {
    name: 'a path of one machine',
    paths: /./,
    pattern: /(?<![\w.-])\/work\/|(?<![\w.-])\/tmp\/brief|(?<!\w)\.\.\/shared\//,
  },
  {
    name: 'the host of a package registry',
    paths: /./,
    pattern: /registry\.npmjs\.|registry\.yarnpkg\.|deb\.debian\.|security\.debian\./,
  },
  { name: 'an address in the lockfile', paths: /^package-lock\.json$/, pattern: /"resolved":/ },
  { name: 'a test that is switched off or alone', paths: /\.test\.ts$/, pattern: /\.(?:skip|only|todo)(?:\(|\.)/ },
  {
    name: 'a constant number that is not in UPPER_SNAKE_CASE',
    paths: /^(?!.*\/gen\/)(?:bench|scripts|src|test|web)\/.*\.ts$/,
    pattern: /^(?:export )?const [a-z]\w*(?:: \w+)? = -?\d[^;[{(]*;$/,
  },
  {
    name: 'a constant string that is not in UPPER_SNAKE_CASE',
    paths: /^src\/(?!.*\/gen\/|.*\.test\.ts$).*\.ts$/,
    pattern: /^(?:export )?const [a-z]\w*(?:: \w+)? = '[^']*';$/,
  },
];

/** Every line that breaks a rule, as `path:line: what`; `files` has each file's text by its path. */
export function checkText(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) => {
    const rules = textRules.filter((rule) => rule.paths.test(path));
    return text.split('\n').flatMap((line, index) => {
      return rules.filter((rule) => rule.pattern.test(line)).map((rule) => `${path}:${index + 1}: ${rule.name}`);
    });
  });
}
