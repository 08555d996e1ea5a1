/**
 * Files of a cgroup with one number, such as `memory.current`, `pids.max` and `cpuacct.usage` of v1. The agent and the
 * shim's overhead read them.
 */
import { nonEmptyLines } from '../name-value.ts';
import { isCount } from '../number-text.ts';
import { ONE_PAGE_BYTES, type Procfs, readParsed } from '../read.ts';
import { ignoreSkipped, type OnSkipped } from '../skipped.ts';

/**
 * A count as digits. Undefined when the cgroup or this file of it is not there, or it has no count. See "single value
 * files" in Documentation/admin-guide/cgroup-v2.rst.
 */
export async function readCgroupValue(cgroup: Procfs, file: string): Promise<string | undefined> {
  return readParsed(cgroup, [file], ONE_PAGE_BYTES, parseCgroupValue);
}

/** Like `readCgroupValue`, for a limit: digits, or `max` for no limit. */
export async function readCgroupLimit(cgroup: Procfs, file: string): Promise<string | undefined> {
  return readParsed(cgroup, [file], ONE_PAGE_BYTES, parseCgroupLimit);
}

/** Undefined when the first line is no count, or has wrapped below zero; further lines are skipped. */
export function parseCgroupValue(text: string, onSkipped: OnSkipped = ignoreSkipped): string | undefined {
  return parseFirst(text, isCount, 'a number', onSkipped);
}

/** The same of a limit, which may be any number of 64 bits; v1 has -1 for none in some files. */
export function parseCgroupLimit(text: string, onSkipped: OnSkipped = ignoreSkipped): string | undefined {
  const limit = parseFirst(text, (word) => LIMIT.test(word), 'a number or "max"', onSkipped);
  return limit === '-1' ? 'max' : limit;
}

const LIMIT = /^(?:\d{1,20}|max|-1)$/;

function parseFirst(
  text: string,
  isValue: (word: string) => boolean,
  expected: string,
  onSkipped: OnSkipped,
): string | undefined {
  const [line = '', ...others] = nonEmptyLines(text);
  const value = line.trim();
  const isRead = isValue(value);
  for (const each of isRead ? others : [line, ...others]) {
    onSkipped(each, `${expected} on one line`);
  }
  return isRead ? value : undefined;
}
