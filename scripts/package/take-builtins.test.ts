import { describe, expect, it } from 'vitest';
import { takeBuiltins } from './take-builtins.ts';

describe('takeBuiltins', () => {
  it.each([
    ['import{a}from"node:fs";a();', 'const{a}=process.getBuiltinModule("node:fs");a();'],
    ['import{a as b,c}from"node:fs";b();', 'const{a:b,c}=process.getBuiltinModule("node:fs");b();'],
    ['import a from"node:fs";a();', 'const a=process.getBuiltinModule("node:fs");a();'],
    ['import*as a from"node:fs";a();', 'const a=process.getBuiltinModule("node:fs");a();'],
    [
      'import a,{b}from"node:fs";',
      'const a=process.getBuiltinModule("node:fs");const{b}=process.getBuiltinModule("node:fs");',
    ],
    ['import{default as a}from"node:fs";', 'const a=process.getBuiltinModule("node:fs");'],
    ['import{a as b$1}from"node:fs";', 'const{a:b$1}=process.getBuiltinModule("node:fs");'],
    ['import*as a from"node:fs/promises";', 'const a=process.getBuiltinModule("node:fs/promises");'],
    [
      'import{a,b as c$1}from"node:fs/promises";',
      'const a=(...args)=>process.getBuiltinModule("node:fs/promises").a(...args);const c$1=(...args)=>process.getBuiltinModule("node:fs/promises").b(...args);',
    ],
    ['import"node:fs";a();', 'a();'],
    ['import { a } from "node:fs";\na();', 'const{a}=process.getBuiltinModule("node:fs");\na();'],
    [
      '#!/usr/bin/env node\nimport{a}from"node:os";a',
      '#!/usr/bin/env node\nconst{a}=process.getBuiltinModule("node:os");a',
    ],
    [
      'import{x}from"./x.js";import{a}from"node:os";a',
      'import{x}from"./x.js";const{a}=process.getBuiltinModule("node:os");a',
    ],
    ['import"./x.js";a', 'import"./x.js";a'],
    ['/* by */\nimport{a}from"node:os";', '/* by */\nconst{a}=process.getBuiltinModule("node:os");'],
    ['import("node:os");', 'import("node:os");'],
    ['let a=`import{b}from"node:fs"`;', 'let a=`import{b}from"node:fs"`;'],
  ])('%s', (code, taken) => {
    expect(takeBuiltins(code)).toBe(taken);
  });

  it('refuses what it cannot read', () => {
    expect(() => takeBuiltins('import{a}of"node:fs"')).toThrow('Cannot read the import');
  });
});
