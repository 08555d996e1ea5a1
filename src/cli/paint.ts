/**
 * Colours, on a terminal and unless NO_COLOR is set (https://no-color.org).
 */
import { isScreen } from './screen.ts';

const codes = { bold: 1, green: 32, red: 31, yellow: 33 } as const;

export type Colour = keyof typeof codes;

export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream): string {
  return hasColours(stream) ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
}

export function hasColours(stream: NodeJS.WriteStream): boolean {
  return isScreen(stream) && (process.env['NO_COLOR'] ?? '') === '';
}
