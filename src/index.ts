/**
 * The bus, its options, its errors, and the interface of a store.
 *
 * @module nightbus
 */

export { Bus, type BusStats } from "./bus.ts";
export type {
  BusConsumers,
  ConsumeContext,
  ConsumeHandler,
  ConsumeOptions,
  Consumer,
  ConsumerState,
  FailedNotification,
} from "./consumers/types.ts";
export type { Diagnostics, FromBus } from "./core/diagnostics.ts";
export type { BusCounts } from "./core/meter.ts";
export { BusError, type BusErrorCode, type BusErrorOptions } from "./errors.ts";
export type { ChannelRetention, Retention } from "./log/retention.ts";
export {
  type AnyChannels,
  type Batch,
  type Carried,
  type Channel,
  type ChannelOf,
  type Entry,
  isOn,
  type MapOf,
  type Mapped,
  type MessageOf,
  type Named,
  type NameOf,
  type Notification,
  type NotificationOn,
  type SentOf,
  type Tuple,
} from "./notification.ts";
export type { BusEvents, BusOptions, PollOptions, SendOptions, SubscribeOptions } from "./options.ts";
export type {
  Contract,
  InputOf,
  MessageIssue,
  OutputOf,
  Schema,
  SchemaFor,
  SchemaIssue,
  SchemaIssues,
  SchemaKey,
  SchemaResult,
  SchemaTypes,
  SchemaValue,
} from "./schema.ts";
export type {
  Gap,
  KeyBounds,
  KeyedOutcome,
  KeyedSend,
  LogState,
  PendingRow,
  Position,
  PositionChange,
  Positions,
  PositionsWithin,
  Row,
  SendKey,
  Store,
  StoreSink,
  Trimmed,
  Unseen,
  Watermark,
} from "./store.ts";
export type { Clock, Timer } from "./util/clock.ts";
