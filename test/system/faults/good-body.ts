/**
 * The body that a good shim sends, and ways to spoil it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const goodBody = readFileSync(join(import.meta.dirname, '../../fixtures/bodies/go-shim.metrics.txt'), 'utf8');

/** Its families, each with HELP and TYPE, in their order. */
export const goodFamilies: readonly string[] = goodBody.split(/^(?=# HELP )/m);

/** The good body with its only `before` replaced. */
export function replaceInBody(before: string, after: string): string {
  if (goodBody.split(before).length !== 2) {
    throw new RangeError(`Text ${JSON.stringify(before)} must be in the good body once`);
  }
  return goodBody.replace(before, () => after);
}

/** The good body without families of these names. */
export function withoutFamily(...names: readonly string[]): string {
  return goodFamilies.filter((family) => !names.some((name) => family.startsWith(`# HELP ${name} `))).join('');
}

/** The head of a good response of so many bytes. */
export function headWithLength(bytes: number): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: ${bytes}\r\n\r\n`;
}

/** The good body up to the middle of the last line of its family `index`, and the families before that one. */
export function cutInFamily(index: number): { readonly sent: string; readonly kept: string } {
  const kept = goodFamilies.slice(0, index).join('');
  const cut = goodFamilies[index]!;
  return { sent: kept + cut.slice(0, -3), kept };
}
