/**
 * What the options of programs are made of and checked by. A separate entry point, so that reading a command line loads
 * no scanner and no catalog.
 */
export { sandboxLimitOptions } from './limits.ts';
export { isFamilyPrefix, ownFamilyPrefixes, startsWithAny } from './prefixes.ts';
