/**
 * `kata-metrics events`: what happens to the sandboxes of this node, or what a monitor has recorded, once or as it comes.
 */
import { once } from 'node:events';
import { type EventKind, eventKinds, readAs, type SandboxEvent, SchemaError } from '../../api/index.ts';
import { OptionError, type OptionValues } from '../../options/index.ts';
import { toPrintable, toPrintableJson } from '../../program/index.ts';
import type { cliCommands } from '../../settings/cli.ts';
import { CliError } from '../cli-error.ts';
import { abortOnEndSignals } from '../end-signals.ts';
import type { EventSelection, EventSource } from './event-source.ts';
import { formatEvent, formatEventHeader } from './event-text.ts';

type EventsValues = OptionValues<typeof cliCommands.events.options>;

/** `version`: of the package. @throws {CliError} when the events cannot be read */
export async function events(values: EventsValues, version: string): Promise<void> {
  const selection = toSelection(values);
  const source = await openSource(values, version);
  const ending = abortOnEndSignals();
  const print = createPrinter(values.output);
  try {
    await (values.follow
      ? follow(source, selection, print, ending.signal)
      : list(source, selection, print, ending.signal));
  } catch (error) {
    if (!ending.signal.aborted) {
      throw error;
    }
  } finally {
    source.close();
  }
}

/** Each is loaded when it is used: a remote node needs no part of the monitor. */
async function openSource(values: EventsValues, version: string): Promise<EventSource> {
  const { url, caFile, certFile, keyFile, username, passwordFile, lastEventId } = values;
  if (url !== undefined) {
    const { openRemoteEvents } = await import('./remote-events.ts');
    const onLoss = (message: string): unknown => process.stderr.write(toPrintable(`${message}\n`));
    return openRemoteEvents({ url, caFile, certFile, keyFile, username, passwordFile, onLoss });
  }
  const ofRemote = { caFile, certFile, keyFile, username, passwordFile, lastEventId };
  const used = Object.entries(ofRemote).find(([, value]) => value !== undefined)?.[0];
  if (used !== undefined) {
    const option = used.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new OptionError(`Option "--${option}" requires "--url"`);
  }
  const { openEventsOfNode } = await import('./local-events.ts');
  return openEventsOfNode({ ...values, version });
}

function toSelection({ kind, namespace, pod, sandbox, output, lastEventId }: EventsValues): EventSelection {
  const kinds = toNames(kind);
  const wrong = kinds.find((each) => !(eventKinds as readonly string[]).includes(each));
  if (wrong !== undefined) {
    throw new OptionError(`Option "--kind" must be one of ${eventKinds.join(', ')}, got "${wrong}"`);
  }
  return {
    kinds: kinds as EventKind[],
    namespaces: toNames(namespace),
    pods: toNames(pod),
    sandboxes: toNames(sandbox),
    form: output === 'cloudevents' ? 'cloudevents' : 'json',
    lastEventId,
  };
}

function toNames(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).filter((name) => name !== '');
}

/** Prints an event, or a CloudEvent, and waits while the output does not take more. */
type Print = (value: unknown) => Promise<void>;

function createPrinter(output: EventsValues['output']): Print {
  const isText = output === 'text' || output === 'wide';
  const isWide = output === 'wide';
  let hasHeader = !isText;
  return async (value) => {
    const line = isText ? formatEvent(value as SandboxEvent, isWide) : toPrintableJson(value);
    const header = hasHeader ? '' : `${formatEventHeader(isWide)}\n`;
    hasHeader = true;
    if (!process.stdout.write(`${header}${line}\n`) && !process.stdout.destroyed) {
      await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]);
    }
  };
}

async function list(source: EventSource, selection: EventSelection, print: Print, signal: AbortSignal): Promise<void> {
  const value = await source.list(selection, signal);
  const all = readEvents(() => {
    if (selection.form === 'json') {
      return readAs('EventList', value).events;
    }
    return Array.isArray(value) ? value.map((each) => readAs('CloudEvent', each)) : [readAs('CloudEvent', value)];
  });
  for (const each of all) {
    await print(each);
  }
  if (all.length === 0) {
    process.stderr.write('No events\n');
  }
}

/** @throws {CliError} when what listens there is no monitor, or one of another version */
function readEvents<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SchemaError || error instanceof SyntaxError) {
      throw new CliError(`The response is not the events of a monitor: ${error.message}`);
    }
    throw error;
  }
}

async function follow(
  source: EventSource,
  selection: EventSelection,
  print: Print,
  signal: AbortSignal,
): Promise<void> {
  for await (const { data } of source.stream(selection, signal)) {
    if (data !== undefined) {
      const schema = selection.form === 'json' ? 'SandboxEvent' : 'CloudEvent';
      await print(readEvents(() => readAs(schema, JSON.parse(data))));
    }
  }
}
