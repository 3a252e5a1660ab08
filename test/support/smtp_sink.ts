// A mail server that keeps what it is given: RFC 5321 as far as one message needs it, with STARTTLS (RFC 3207) and AUTH
// PLAIN and LOGIN (RFC 4954). It can be told to answer a command otherwise, to say nothing, or to hang up.

import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";

export interface SinkMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and text as they came. */
  readonly data: string;
  readonly isEncrypted: boolean;
  readonly user: string | undefined;
}

export interface SinkOptions {
  /** Offers STARTTLS; with `isImplicit` every connection begins encrypted. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly isImplicit?: boolean };
  readonly account?: { readonly user: string; readonly password: string };
  /**
   * The answer to a command ("greeting", "EHLO", "DATA", "." …) instead of the usual one; "hang" and "close" are none.
   */
  readonly answer?: (command: string, line: string) => string | undefined;
}

/** One connection. */
class Session {
  isEncrypted: boolean;
  user: string | undefined;
  #from = "";
  #to: string[] = [];
  #data: string[] | undefined;
  #login: string[] | undefined;
  #rest = "";
  #socket: Socket;

  readonly options: SinkOptions;
  readonly mails: SinkMail[];
  readonly commands: string[];

  constructor(socket: Socket, options: SinkOptions, mails: SinkMail[], commands: string[]) {
    this.options = options;
    this.mails = mails;
    this.commands = commands;
    this.#socket = socket;
    this.isEncrypted = options.tls?.isImplicit === true;
    this.#listen();
    this.#say("greeting", "", "220 sink ESMTP");
  }

  #listen(): void {
    this.#socket.on("error", () => undefined);
    this.#socket.on("data", (chunk: Buffer) => {
      this.#rest += chunk.toString("latin1");
      for (let end = this.#rest.indexOf("\r\n"); end !== -1; end = this.#rest.indexOf("\r\n")) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 2);
        this.#line(line);
      }
    });
  }

  #line(line: string): void {
    if (this.#data !== undefined) this.#dataLine(this.#data, line);
    else if (this.#login !== undefined) this.#loginLine(this.#login, line);
    else this.#command(line);
  }

  #command(line: string): void {
    const [word = ""] = line.split(" ");
    const command = word.toUpperCase();
    this.commands.push(command);
    if (command === "MAIL") this.#from = /<(.*?)>/.exec(line)?.[1] ?? "";
    if (command === "RCPT") this.#to.push(/<(.*?)>/.exec(line)?.[1] ?? "");
    if (command === "DATA") this.#data = [];
    if (command === "STARTTLS") this.#startTls(line);
    else if (command === "AUTH") this.#auth(line);
    else if (command === "EHLO") this.#say(command, line, this.#capabilities());
    else this.#say(command, line, command === "DATA" ? "354 go on" : command === "QUIT" ? "221 bye" : "250 fine");
  }

  #capabilities(): string {
    const { tls, account } = this.options;
    const offers = ["sink"];
    if (tls !== undefined && !this.isEncrypted) offers.push("STARTTLS");
    if (account !== undefined && (tls === undefined || this.isEncrypted)) offers.push("AUTH PLAIN LOGIN");
    return offers.map((offer, index) => `250${index === offers.length - 1 ? " " : "-"}${offer}`).join("\r\n");
  }

  #startTls(line: string): void {
    const { tls } = this.options;
    if (tls === undefined) {
      this.#say("STARTTLS", line, "502 no");
      return;
    }
    if (!this.#say("STARTTLS", line, "220 go on")) return;
    const plain = this.#socket;
    plain.removeAllListeners("data");
    this.#socket = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext(tls) });
    this.isEncrypted = true;
    this.#rest = "";
    this.#listen();
  }

  #auth(line: string): void {
    const [, method = "", first] = line.split(" ");
    if (method.toUpperCase() === "LOGIN") {
      this.#login = [];
      if (first !== undefined) this.#login.push(first);
      this.#say("LOGIN", line, `334 ${Buffer.from("Username:").toString("base64")}`);
      return;
    }
    const [, user = "", password = ""] = Buffer.from(first ?? "", "base64")
      .toString("utf8")
      .split("\0");
    this.#signIn(user, password, line);
  }

  #loginLine(login: string[], line: string): void {
    login.push(line);
    if (login.length < 2) {
      this.#say("LOGIN", line, `334 ${Buffer.from("Password:").toString("base64")}`);
      return;
    }
    this.#login = undefined;
    const [user = "", password = ""] = login.map((text) => Buffer.from(text, "base64").toString("utf8"));
    this.#signIn(user, password, line);
  }

  #signIn(user: string, password: string, line: string): void {
    const { account } = this.options;
    const isRight = account?.user === user && account.password === password;
    if (isRight) this.user = user;
    this.#say("AUTH", line, isRight ? "235 welcome" : `535 5.7.8 no such account: ${user} ${password} ${line}`);
  }

  #dataLine(data: string[], line: string): void {
    if (line !== ".") {
      data.push(line.startsWith("..") ? line.slice(1) : line);
      return;
    }
    this.#data = undefined;
    const { isEncrypted, user } = this;
    this.mails.push({ from: this.#from, to: this.#to, data: data.join("\n"), isEncrypted, user });
    this.#say(".", line, "250 kept");
  }

  #say(command: string, line: string, usual: string): boolean {
    const answer = this.options.answer?.(command, line) ?? usual;
    if (answer === "hang") return false;
    if (answer === "close") {
      this.#socket.destroy();
      return false;
    }
    this.#socket.write(`${answer}\r\n`);
    return answer === usual;
  }
}

/** A sink on a free port of 127.0.0.1. */
export class SmtpSink implements AsyncDisposable {
  readonly mails: SinkMail[] = [];
  readonly commands: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: SinkOptions) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
      const { tls } = options;
      const own =
        tls?.isImplicit === true
          ? new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(tls) })
          : socket;
      // It lives as long as its socket.
      void new Session(own, options, this.mails, this.commands);
    });
  }

  static async start(options: SinkOptions = {}): Promise<SmtpSink> {
    const sink = new SmtpSink(options);
    await new Promise<void>((resolve) => sink.#server.listen(0, "127.0.0.1", resolve));
    return sink;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
