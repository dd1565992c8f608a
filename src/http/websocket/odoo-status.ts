import type { MemberId, Status } from "../../presence/presence.ts";

/** The change of a person's status, as clients of Odoo 17 to 19 read it on `[model, id, "presence"]`. */
export interface OdooStatusUpdated {
  /** The type, by which a client knows the message. */
  readonly type: "bus.bus/im_status_updated";
  /** The new status. */
  readonly payload: OdooStatusChange;
}

/** The status of one person, as clients of Odoo 17 to 19 read it. */
export interface OdooStatusChange {
  /** The status by the person's activity. */
  readonly presence_status: Status;
  /** The status to show, here the same. */
  readonly im_status: Status;
  /** The id of the person's record. */
  readonly partner_id: MemberId;
}

/** The statuses of persons, as clients of Odoo 16 read them. */
export interface OdooStatuses {
  /** The type, by which a client knows the message. */
  readonly type: "bus/im_status";
  /** The statuses. */
  readonly payload: OdooPartners;
}

/** A list of statuses. */
export interface OdooPartners {
  /** The persons, in any order. */
  readonly partners: readonly OdooPartner[];
}

/** The status of one person, as clients of Odoo 12 to 16 read it. */
export interface OdooPartner {
  /** The id of the person's record. */
  readonly id: MemberId;
  /** The status to show. */
  readonly im_status: Status;
}

/** The entries of a change: for those who watch the person, and for the person's own clients of Odoo 16. */
export type OdooStatusEntries<Model extends string> = readonly [
  readonly [channel: readonly [Model, MemberId, "presence"], message: OdooStatusUpdated],
  readonly [channel: readonly [Model, MemberId], message: OdooStatuses],
];

/**
 * Returns the option `statusTo` of `presence` for clients of Odoo, whose members are the records of this model:
 * `presence(bus, { member, statusTo: odooStatus("res.partner") })`.
 */
export function odooStatus<const Model extends string>(
  model: Model,
): (id: MemberId, status: Status) => OdooStatusEntries<Model> {
  return (id, status) => [
    [
      [model, id, "presence"],
      {
        type: "bus.bus/im_status_updated",
        payload: { presence_status: status, im_status: status, partner_id: id },
      },
    ],
    [[model, id], odooStatuses([{ id, im_status: status }])],
  ];
}

/** Returns the message of these statuses. */
export function odooStatuses(partners: readonly OdooPartner[]): OdooStatuses {
  return { type: "bus/im_status", payload: { partners } };
}
