/**
 * Options of a program as data: each is declared once, and flags, checks, help and documents come from it.
 * Types only; `parse.ts` reads arguments by a table, `help.ts` prints it.
 */

interface OptionBase {
  /** One or more sentences, without the last full stop. */
  readonly help: string;
  /** Placeholder of the value in the help, such as `address`. */
  readonly value?: string;
  /** Short flag, one letter: `-o json`, `-ojson` and `-o=json`. */
  readonly short?: string;
}

export interface TextOption extends OptionBase {
  readonly kind: 'text';
  readonly default?: string;
  readonly isRequired?: true;
  /** The only values that are accepted. Default: every value. */
  readonly choices?: readonly string[];
  /** Accepts the same values as another program with this flag. */
  readonly lenient?: LenientChoices;
}

/** How to read a value that is not among the choices: ignore its case, then try `aliases`, then use `fallback` with a notice. */
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
  /** Shown in the help and in documents. The name of the flag contains it too. */
  readonly unit?: string;
}

/** A duration, `500ms` or `1m30s`. Its value is in milliseconds, under the name of the flag followed by `Ms`. */
export interface DurationOption extends OptionBase {
  readonly kind: 'duration';
  /** As written on the command line, such as `500ms`. */
  readonly default: string;
  readonly min: string;
  readonly max: string;
}

/** A text option that may be repeated. */
export interface ListOption extends OptionBase {
  readonly kind: 'list';
  readonly default: readonly string[];
}

/** Off by default. Accepts no value, or `=true` and `=false`. */
export interface FlagOption extends OptionBase {
  readonly kind: 'flag';
}

export type OptionSpec = DurationOption | FlagOption | IntegerOption | ListOption | TextOption;

/** Options by the name of the flag without leading dashes: `sandbox-id`, `web.config.file`. */
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

/** The values of a table's flags: names in camel case, undefined for a flag without default that is not set. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T & string as T[K] extends DurationOption ? `${CamelCase<K>}Ms` : CamelCase<K>]: ValueOf<T[K]>;
};
