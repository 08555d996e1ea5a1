import { describe, expect, it } from 'vitest';
import { runToEnd } from '../format/steps.ts';
import { formatRules, type Scan } from '../scan/scanned-body.ts';
import { KnownForms } from './known-forms.ts';

const MIB = 1024 * 1024;

/** A body of about so many bytes; `salt` makes other series. */
function bodyOf(salt: string, bytes = 1000): Buffer {
  const line = `a{salt="${salt}",i="0000000"} 1\n`;
  const lines = Array.from({ length: Math.ceil(bytes / line.length) }, (_, i) => {
    return `a{salt="${salt}",i="${String(i).padStart(7, '0')}"} 1\n`;
  });
  return Buffer.from(`# HELP a ${'x'.repeat(64)}\n# TYPE a gauge\n${lines.join('')}`);
}

class Node {
  derivations = 0;
  readonly forms: KnownForms<number>;

  constructor(maxTotalBytes = 16 * MIB) {
    this.forms = new KnownForms<number>({ rules: formatRules, maxTotalBytes, derive: () => this.#derive() });
  }

  scan(id: string, body: Buffer): Scan {
    return runToEnd(this.forms.scan(id, body)).scan;
  }

  /** Whether the form of the body is known, to a sandbox that no form is known of. */
  knows(body: Buffer): boolean {
    const before = this.derivations;
    this.scan('probe', body);
    return this.derivations === before;
  }

  *#derive(): Generator<void, number> {
    yield;
    return ++this.derivations;
  }
}

describe('KnownForms', () => {
  it('gives bodies of one form one form, and what was derived from it once', () => {
    const node = new Node();
    const first = runToEnd(node.forms.scan('a', bodyOf('x')));
    const other = Buffer.from(bodyOf('x').toString().replaceAll('} 1', '} 23'));
    for (const id of ['a', 'b']) {
      const again = runToEnd(node.forms.scan(id, Buffer.from(other)));
      expect(again.scan.form).toBe(first.scan.form);
      expect(again.derived).toBe(1);
    }
  });

  it('gives one form to bodies that are scanned at the same time', () => {
    const node = new Node();
    const jobs = ['a', 'b', 'c'].map((id) => node.forms.scan(id, bodyOf('x', 100_000)));
    const forms = new Set<unknown>();
    for (let open = jobs; open.length > 0; ) {
      open = open.filter((job) => {
        const step = job.next();
        if (step.done === true) {
          forms.add(node.scan('later', bodyOf('x', 100_000)).form);
        }
        return step.done !== true;
      });
    }
    expect(forms.size).toBe(1);
    expect(node.forms.totalBytes).toBeLessThan(200_000);
  });

  it('remembers none that has faults, nor one of more than 2 MiB', () => {
    const node = new Node();
    node.scan('a', Buffer.concat([bodyOf('x'), Buffer.from('b x\n')]));
    node.scan('b', bodyOf('y', 2.5 * MIB));
    expect(node.forms.totalBytes).toBe(0);
  });

  it('forgets a form with the last sandbox that has it', () => {
    const node = new Node();
    node.scan('a', bodyOf('x'));
    node.scan('b', bodyOf('x'));
    node.forms.keepOnly(new Set(['b']));
    expect(node.forms.totalBytes).toBeGreaterThan(0);
    node.forms.keepOnly(new Set());
    expect(node.forms.totalBytes).toBe(0);
  });

  it('keeps one form for a sandbox that sends another one each time', () => {
    const node = new Node();
    node.scan('a', bodyOf('0', 50_000));
    const one = node.forms.totalBytes;
    for (let i = 1; i < 20; i++) {
      node.scan('a', bodyOf(String(i), 50_000));
    }
    expect(node.forms.totalBytes).toBeLessThan(2 * one);
  });

  it('stays within its bytes, and the form that many sandboxes share stays', () => {
    const node = new Node(MIB);
    for (let i = 0; i < 50; i++) {
      node.scan(`healthy ${i}`, bodyOf('healthy', 50_000));
    }
    for (let i = 0; i < 8; i++) {
      node.scan(`hostile ${i}`, bodyOf(`hostile ${i}`, 300_000));
      expect(node.forms.totalBytes).toBeLessThanOrEqual(MIB);
    }
    expect(node.knows(bodyOf('healthy', 50_000))).toBe(true);
  });

  it('remembers at most 64 forms, whatever their size', () => {
    const node = new Node();
    for (let i = 0; i < 100; i++) {
      node.scan(`${i}`, bodyOf(`${i + 100}`, 20_000));
    }
    expect(node.forms.count).toBe(64);
    node.forms.keepOnly(new Set());
    expect(node.forms.count).toBe(0);
  });
});
