/**
 * The tables and checks that the options of programs need. A separate entry point, so that reading a command line loads
 * no scanner and no catalog.
 */
export { sandboxLimitOptions } from './limits.ts';
export { isFamilyPrefix, ownFamilyPrefixes, startsWithAny } from './prefixes.ts';
