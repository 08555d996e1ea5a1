/**
 * Cells of CSV. Pure.
 */

/** A spreadsheet takes a text that begins like this for a formula, and may run it: the names are those of a tenant. */
const formulaStart = /^[=+\-@\t\r]/;

/**
 * RFC 4180. An unknown value is empty. A text that a spreadsheet would take for a formula gets an apostrophe in front, which
 * spreadsheets do not show; numbers stay as they are.
 */
export function toCsvCell(value: number | string | null | undefined): string {
  const plain = String(value ?? '');
  const text = typeof value === 'string' && formulaStart.test(plain) ? `'${plain}` : plain;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
