/**
 * A schema of Standard Schema 1, as Zod, Valibot, ArkType and Effect make them. The type follows the specification of
 * `@standard-schema/spec` 1.1, so that no library is needed for it.
 */
export interface Schema<Input = unknown, Output = Input> {
  /** The part that the specification names. */
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    /** Returns the value to use, or the issues. A schema that has to wait returns a promise. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** The types of what goes in and what comes out. The property exists for the compiler alone. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The result of a schema: a value, or the issues that were found. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** An issue as a schema reports it. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type that a message has when it is sent: the schema's input, or the type itself where a map has no schema. */
export type InputOf<M> = M extends Schema ? NonNullable<M["~standard"]["types"]>["input"] : M;

/** The type that a message has when it is read: the schema's output, or the type itself where a map has no schema. */
export type OutputOf<M> = M extends Schema ? NonNullable<M["~standard"]["types"]>["output"] : M;

/** The schemas of a map of channels. A map may hold messages' types, or the schemas themselves. */
export type Contract<C> = { readonly [N in keyof C]: SchemaFor<C[N]> };

type SchemaFor<M> = M extends Schema ? M : Schema<NoInfer<M>, NoInfer<M>>;

/** A part of a message that breaks its schema. */
export interface MessageIssue {
  /** The keys that lead to the part; empty for the whole message. */
  readonly path: readonly (string | number)[];
  /** The sentence of the schema. */
  readonly message: string;
}
