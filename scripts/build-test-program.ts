/**
 * `node scripts/build-test-program.ts <name>`: builds a program that tests use where it is, with Go, from the Go module proxy,
 * into the user's cache, once. Not part of a test run, because it may take minutes.
 */
import { goPrograms, isGoProgram, provideGoProgram } from '../test/support/go-program.ts';

const name = process.argv[2] ?? '';
if (isGoProgram(name)) {
  process.stdout.write(`${await provideGoProgram(name)}\n`);
} else {
  process.stderr.write(`Expected one of ${goPrograms.join(', ')}, got "${name}"\n`);
  process.exitCode = 1;
}
