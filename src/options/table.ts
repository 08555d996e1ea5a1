/**
 * Options of a program as data: each is declared once, and flags, checks, help and documents come from it.
 * Types only; `parse.ts` reads arguments by a table, `help.ts` prints it.
 */

interface OptionBase {
  /** One sentence without a full stop. */
  readonly help: string;
  /** What stands for the value in the help, such as `address`. */
  readonly value?: string;
  /** A letter for the flag with one dash: `-o json`, `-ojson` and `-o=json`. */
  readonly short?: string;
}

export interface TextOption extends OptionBase {
  readonly kind: 'text';
  readonly default?: string;
  readonly isRequired?: true;
  /** When given, nothing else is accepted. */
  readonly choices?: readonly string[];
  /** Accepts what another program accepts for the same flag. */
  readonly lenient?: LenientChoices;
}

/** How a value is read that is none of the choices: its case is ignored, then `aliases`, then `fallback` with a notice. */
export interface LenientChoices {
  readonly aliases: Readonly<Record<string, string>>;
  readonly fallback: string;
}

export interface IntegerOption extends OptionBase {
  readonly kind: 'integer';
  readonly default?: number;
  readonly isRequired?: true;
  readonly min: number;
  readonly max: number;
  /** Shown in the help and in documents; the flag's name has it too. */
  readonly unit?: string;
}

/** A length of time, `500ms` or `1m30s`; its value is in milliseconds, under the flag's name followed by `Ms`. */
export interface DurationOption extends OptionBase {
  readonly kind: 'duration';
  /** As it would be given. */
  readonly default: string;
  readonly min: string;
  readonly max: string;
}

/** A text that may be given more than once. */
export interface ListOption extends OptionBase {
  readonly kind: 'list';
  readonly default: readonly string[];
}

/** Off unless given; takes no value, or `=true` and `=false`. */
export interface FlagOption extends OptionBase {
  readonly kind: 'flag';
}

export type OptionSpec = DurationOption | FlagOption | IntegerOption | ListOption | TextOption;

/** By the flag's name without dashes in front: `sandbox-id`, `web.config.file`. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${CamelCase<Head>}${Capitalize<CamelCase<Tail>>}`
  : S extends `${infer Head}.${infer Tail}`
    ? `${Head}${Capitalize<CamelCase<Tail>>}`
    : S;

type IsThere<O> = O extends { readonly isRequired: true } | { readonly default: unknown } ? true : false;

type ValueOf<O extends OptionSpec> = O extends FlagOption
  ? boolean
  : O extends DurationOption
    ? number
    : O extends ListOption
      ? readonly string[]
      : O extends IntegerOption
        ? IsThere<O> extends true
          ? number
          : number | undefined
        : O extends { readonly choices: readonly (infer C extends string)[] }
          ? IsThere<O> extends true
            ? C
            : C | undefined
          : IsThere<O> extends true
            ? string
            : string | undefined;

/** What comes of a table's flags: names in camel case, undefined where a flag without default was not given. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T & string as T[K] extends DurationOption ? `${CamelCase<K>}Ms` : CamelCase<K>]: ValueOf<T[K]>;
};
