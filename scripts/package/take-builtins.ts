/**
 * Imports of Node.js's own modules in bundled code, as calls of `process.getBuiltinModule`. An import of such a module makes an
 * object of all its exports and so loads what each of them needs: node:fs a line editor, node:http a WebSocket client. Pure.
 */

/** Has only functions, and costs a process 0.6 MiB of memory: loaded by the first call of one of them. */
const LOADED_BY_CALLS = 'node:fs/promises';

const SHEBANG = /#!.*\n/y;
const SPACE = /(?:\s|;|\/\*[\s\S]*?\*\/|\/\/.*\n)+/y;
/** As rolldown prints it: `import a,{b,c as d}from"x";`, `import*as a from"x";`, `import"x";` */
const IMPORT =
  /import(?:\s*([\w$]+)\s*,?)?(?:\s*\*\s*as\s+([\w$]+)\s*)?(?:\s*\{([^}]*)\}\s*)?(?:\bfrom\b|(?<=\})from\b)?\s*(["'])([^"']+)\4;?/y;

/**
 * `code`: a module whose imports stand before all else.
 * @throws {Error} for an import that it cannot read.
 */
export function takeBuiltins(code: string): string {
  let at = endOf(SHEBANG, code, 0);
  let result = code.slice(0, at);
  for (;;) {
    const start = at;
    at = endOf(SPACE, code, at);
    result += code.slice(start, at);
    if (!/^import[\s*{"']/.test(code.slice(at, at + 7))) {
      return result + code.slice(at);
    }
    IMPORT.lastIndex = at;
    const match = IMPORT.exec(code);
    if (match === null) {
      throw new Error(`Cannot read the import "${code.slice(at, at + 80)}"`);
    }
    const [statement, whole, namespace, named, , specifier = ''] = match;
    result += specifier.startsWith('node:') ? toCalls(specifier, { whole, namespace, named }) : statement;
    at += statement.length;
  }
}

function endOf(pattern: RegExp, code: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(code) ? pattern.lastIndex : at;
}

interface ImportedNames {
  readonly whole: string | undefined;
  readonly namespace: string | undefined;
  readonly named: string | undefined;
}

function toCalls(specifier: string, { whole, namespace, named }: ImportedNames): string {
  const call = `process.getBuiltinModule("${specifier}");`;
  const names = (named ?? '')
    .split(',')
    .map((name) => name.trim().split(/\s+as\s+/))
    .filter(([name]) => name !== '');
  // The default export of such a module is the module.
  const wholes = [whole, namespace, ...names.filter(([name]) => name === 'default').map(([, alias]) => alias)];
  const exported = names.filter(([name]) => name !== 'default');
  if (specifier === LOADED_BY_CALLS && wholes.every((name) => name === undefined)) {
    return exported
      .map(([name, alias = name]) => `const ${alias}=(...args)=>${call.slice(0, -1)}.${name}(...args);`)
      .join('');
  }
  const parts = exported.map(([name, alias]) => (alias ? `${name}:${alias}` : name));
  return [
    ...wholes.filter((name) => name !== undefined).map((name) => `const ${name}=${call}`),
    ...(parts.length === 0 ? [] : [`const{${parts.join(',')}}=${call}`]),
  ].join('');
}
