/**
 * The last words of a sandbox, between the shim that writes them and the monitor that reads them.
 */
export {
  announceLastWords,
  closeMailbox,
  isLastWordsPath,
  isMailboxOpen,
  lastWordsPaths,
  leaveDetached,
  leaveLastWords,
  listMailbox,
  MAX_MAILBOX_FILES,
  mailboxOf,
  openMailbox,
  ownerSocketOf,
  readLastWords,
  takeRefusedCount,
} from './mailbox.ts';
export {
  type EndReason,
  encodeLastWords,
  endReasons,
  type FinalValueName,
  type FinalValues,
  finalValueLimits,
  type LastWords,
  LastWordsError,
  lastWordsFileName,
  type ParsedLastWords,
  type PodNames,
  parseLastWords,
  toValues,
} from './record.ts';
