// What becomes of a question: an answer, or a problem that a page can show.

/** Why there is no answer. */
export type ProblemKind =
  /** 401: the sign-in page takes over. */
  | "signed_out"
  /** 4xx: the question itself is wrong; `at` says where in a search. */
  | "refused"
  /** 503, also after asking again. */
  | "busy"
  /** Any other answer that is none. */
  | "failed"
  /** The server could not be reached. */
  | "offline"
  /** Whoever asked has turned away: nothing to show. */
  | "aborted";

export interface Problem {
  readonly kind: ProblemKind;
  /** A sentence for people. */
  readonly message: string;
  /** Of the answer; 0 where there was none. */
  readonly status: number;
  /** Where in `q`, in UTF-16 units from 0. */
  readonly at?: number;
  readonly length?: number;
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

export function failure(kind: ProblemKind, message: string, status = 0): { ok: false; problem: Problem } {
  return { ok: false, problem: { kind, message, status } };
}
