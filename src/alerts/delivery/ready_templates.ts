// The bodies that Slack, Discord and ntfy expect. Texts from records stand where the service takes them as they are:
// plain text in Slack, a block of code in Discord, and nobody is mentioned.
//
// Sources: Slack, "Block Kit: blocks" and "Formatting text"; Discord, "Execute Webhook" and "Allowed Mentions";
// ntfy, "Publish as JSON".

import type { ReadyTemplate } from "../../core/destination.ts";
import { cut, headlineOf, isBad, linkOf, noteOf, sampleLine, sentenceOf, severityOf, type Told } from "./message.ts";

/** Slack: of a section's text 3,000 characters, of a header's 150. */
const SLACK_TEXT_MAX = 2_900;
const SLACK_HEADER_MAX = 150;
/** Discord: of a description 4,096, of a title 256. */
const DISCORD_DESCRIPTION_MAX = 4_000;
const DISCORD_TITLE_MAX = 256;
/** ntfy: a message has 4,096 bytes, and longer ones become attachments. */
const NTFY_MESSAGE_BYTES_MAX = 3_500;
/** Slack takes links of up to 3,000 characters; Discord and ntfy 2,048. */
const LINK_CHARACTERS_MAX = 2_000;

const RED = 0xd1242f;
const GREEN = 0x1a7f37;
const BLUE = 0x0969da;

/** What is sent: the body, and where its service wants it another URL. */
export interface ReadyRequest {
  readonly url: URL;
  readonly body: unknown;
}

/** The request of a ready template. */
export function readyRequest(template: ReadyTemplate, url: URL, told: Told): ReadyRequest {
  if (template === "ntfy") return ntfyRequest(url, told);
  return { url, body: template === "slack" ? slackBody(told) : discordBody(told) };
}

function slackBody(told: Told): unknown {
  const headline = cut(headlineOf(told), SLACK_HEADER_MAX);
  const plain = (text: string) => ({ type: "plain_text", text, emoji: false });
  const sections = [sentenceOf(told), noteOf(told), samplesOf(told)].filter(
    (text) => text !== undefined && text !== "",
  );
  const link = shortLink(told);
  return {
    // Shown in notifications of the system; here Slack reads <, > and & as its own.
    text: escapeSlack(headline),
    blocks: [
      { type: "header", text: plain(headline) },
      ...sections.map((text) => ({ type: "section", text: plain(cut(text ?? "", SLACK_TEXT_MAX)) })),
      ...(link === undefined
        ? []
        : [{ type: "actions", elements: [{ type: "button", text: plain("Open the search"), url: link }] }]),
    ],
  };
}

function escapeSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function discordBody(told: Told): unknown {
  const link = shortLink(told);
  const fields = [sentenceOf(told), noteOf(told), samplesOf(told)].filter((text) => text !== undefined && text !== "");
  // Three backticks would end the block; a mark of no width keeps them apart.
  const block = fields.join("\n\n").replaceAll("`", "`\u200b");
  return {
    username: "SimpleLogs",
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: escapeMarkdown(headlineOf(told), DISCORD_TITLE_MAX),
        description: `\`\`\`\n${cut(block, DISCORD_DESCRIPTION_MAX)}\n\`\`\``,
        color: told.state === "resolved" ? GREEN : isBad(told) ? RED : BLUE,
        ...(link === undefined ? {} : { url: link }),
      },
    ],
  };
}

function escapeMarkdown(text: string, charactersMax: number): string {
  return cut(text, charactersMax / 2).replace(/[\\`*_{}[\]()<>#+\-.!|~@:]/g, "\\$&");
}

/** ntfy takes JSON at the root of its server, with the topic inside: so a URL of a topic, as people know it, is split. */
function ntfyRequest(url: URL, told: Told): ReadyRequest {
  const topic = decodeURIComponent(
    url.pathname
      .split("/")
      .filter((part) => part !== "")
      .at(-1) ?? "",
  );
  const root = new URL(url);
  root.pathname = "/";
  const link = shortLink(told);
  const texts = [sentenceOf(told), noteOf(told), samplesOf(told)].filter((text) => text !== undefined && text !== "");
  const isUrgent = isBad(told) && severityOf(told) === "critical";
  return {
    url: root,
    body: {
      topic,
      title: headlineOf(told),
      message: cutBytes(texts.join("\n\n"), NTFY_MESSAGE_BYTES_MAX),
      priority: isUrgent ? 5 : isBad(told) && severityOf(told) === "warning" ? 4 : 3,
      tags: [told.state === "resolved" ? "white_check_mark" : isBad(told) ? "rotating_light" : "information_source"],
      ...(link === undefined ? {} : { click: link }),
    },
  };
}

function samplesOf(told: Told): string | undefined {
  return told.state === "summary" ? undefined : told.samples.map(sampleLine).join("\n");
}

/** A link that every service takes; undefined where there is none. */
function shortLink(told: Told): string | undefined {
  const link = linkOf(told);
  if (link.length > LINK_CHARACTERS_MAX || !URL.canParse(link)) return undefined;
  return /^https?:$/.test(new URL(link).protocol) ? link : undefined;
}

function cutBytes(text: string, bytesMax: number): string {
  let kept = text;
  while (Buffer.byteLength(kept) > bytesMax) kept = cut(kept, Math.floor(kept.length * 0.9));
  return kept;
}
