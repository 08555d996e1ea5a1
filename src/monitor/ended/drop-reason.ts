/**
 * Why final values are not served, or not to every scraper.
 */

/** The catalog has the same list. */
export const dropReasons = ['age', 'bytes', 'count', 'invalid', 'mailbox_full'] as const;

export type DropReason = (typeof dropReasons)[number];
