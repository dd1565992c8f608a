import type { Bus } from "nightbus";

/** The channels of a shop. */
export interface Shop {
  orders: { id: number; total: number; items: readonly string[] };
  mail: { to: string; subject: string };
  user: { text: string };
}

export interface Cart {
  readonly user: number;
  readonly email: string;
  readonly items: readonly { readonly name: string; readonly price: number }[];
}

/** Places an order, and tells the office, the mailer and the customer: all of them or none. */
export async function checkout(bus: Bus<Shop>, id: number, { user, email, items }: Cart): Promise<void> {
  if (items.length === 0) return;
  const total = items.reduce((sum, { price }) => sum + price, 0);
  await bus.sendmany([
    ["orders", { id, total, items: items.map(({ name }) => name) }],
    ["mail", { to: email, subject: `Your order ${id}` }],
    [["user", user], { text: `We have got your order ${id}.` }],
  ]);
}

/** The view of the office: orders as they come in, and a reminder after a minute without one. */
export async function office(bus: Bus<Shop>, show: (line: string) => void, signal: AbortSignal): Promise<void> {
  let { last } = bus;
  while (!signal.aborted) {
    const orders = await bus.poll(["orders"], last, 60_000, { signal });
    ({ last } = orders);
    if (orders.missed) show("Some orders are not shown here: look into the books.");
    else if (orders.length === 0) show("No orders for a minute.");
    for (const { message } of orders) show(`Order ${message.id}: ${message.total}`);
  }
}
