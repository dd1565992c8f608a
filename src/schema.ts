/**
 * A schema of Standard Schema 1, as Zod, Valibot, ArkType and Effect make them. The type follows the specification of
 * `@standard-schema/spec` 1.1, so that no library is needed for it.
 */
export interface Schema<Input = unknown, Output = Input> {
  /** The part that the specification names. */
  readonly "~standard": {
    /** The version of the specification. */
    readonly version: 1;
    /** The name of the library. */
    readonly vendor: string;
    /** Returns the value to use, or the issues. A schema that has to wait returns a promise. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** The types of what goes in and what comes out. The property exists for the compiler alone. */
    readonly types?: SchemaTypes<Input, Output> | undefined;
  };
}

/** The types of a schema. No value has them. */
export interface SchemaTypes<Input, Output> {
  /** The type of what goes in. */
  readonly input: Input;
  /** The type of what comes out. */
  readonly output: Output;
}

/** The result of a schema: a value, or the issues that were found. */
export type SchemaResult<Output> = SchemaValue<Output> | SchemaIssues;

/** The result of a schema that lets a message through. */
export interface SchemaValue<Output> {
  /** The value to use in the place of the message. */
  readonly value: Output;
  /** Absent. A list makes the result one of `SchemaIssues`. */
  readonly issues?: undefined;
}

/** The result of a schema that refuses a message. */
export interface SchemaIssues {
  /** The reasons, at least one. */
  readonly issues: readonly SchemaIssue[];
}

/** An issue as a schema reports it. */
export interface SchemaIssue {
  /** The reason as a sentence. */
  readonly message: string;
  /** The keys that lead to the part at fault. */
  readonly path?: readonly (PropertyKey | SchemaKey)[] | undefined;
}

/** A key of an issue's path, in the long form. */
export interface SchemaKey {
  /** The key itself. */
  readonly key: PropertyKey;
}

/** The type that a message has when it is sent: the schema's input, or the type itself where a map has no schema. */
export type InputOf<M> = M extends Schema ? NonNullable<M["~standard"]["types"]>["input"] : M;

/** The type that a message has when it is read: the schema's output, or the type itself where a map has no schema. */
export type OutputOf<M> = M extends Schema ? NonNullable<M["~standard"]["types"]>["output"] : M;

/** The schemas of a map of channels. A map may hold messages' types, or the schemas themselves. */
export type Contract<C> = { readonly [N in keyof C]: SchemaFor<C[N]> };

/** The schema of one channel: itself, or one for messages of this type. */
export type SchemaFor<M> = M extends Schema ? M : Schema<NoInfer<M>, NoInfer<M>>;

/** A part of a message that breaks its schema. */
export interface MessageIssue {
  /** The keys that lead to the part; empty for the whole message. */
  readonly path: readonly (string | number)[];
  /** The sentence of the schema. */
  readonly message: string;
}
