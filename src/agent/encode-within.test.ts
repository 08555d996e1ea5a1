import { describe, expect, it } from 'vitest';
import { singleFamily } from '../collectors/index.ts';
import { encodeText } from '../exposition/index.ts';
import { encodeWithin } from './agent-services.ts';

const families = [singleFamily('kata_agent_scrape_count', 1), singleFamily('kata_agent_threads', 2)];

describe('encodeWithin', () => {
  it.each([
    ['all that fits', 10_000, []],
    ['whole families only', encodeText(families).length - 1, ['kata_agent_threads']],
    ['a small family after one that does not fit', encodeText([families[1]!]).length, ['kata_agent_scrape_count']],
    ['nothing where there is no space', 1, ['kata_agent_scrape_count', 'kata_agent_threads']],
  ])('gives %s', (_name, maxBytes, lost) => {
    const result = encodeWithin(families, maxBytes);
    expect(result.lost).toEqual(lost);
    expect(String(result.text)).toBe(String(encodeText(families.filter(({ name }) => !lost.includes(name as never)))));
  });
});
