// One attempt to tell a destination, whatever its type. It never throws.

import type { Destination } from "../../core/destination.ts";
import { sendToAlertmanager } from "./alertmanager.ts";
import { sendEmail } from "./email.ts";
import type { Told } from "./message.ts";
import { type DeliveryContext, type Outcome, reasonOf } from "./outcome.ts";
import { sendWebhook } from "./webhook.ts";

/** Tells it once, within 10 s; a reason shows no secret. */
export async function send(destination: Destination, told: Told, context: DeliveryContext): Promise<Outcome> {
  try {
    return await attempt(destination, told, context);
  } catch (error) {
    return { outcome: "retry", reason: reasonOf(error) };
  }
}

function attempt(destination: Destination, told: Told, context: DeliveryContext): Promise<Outcome> {
  if (destination.type === "webhook") return sendWebhook(destination, told, context);
  if (destination.type === "email") return sendEmail(destination, told, context);
  return sendToAlertmanager(destination, told, context);
}
