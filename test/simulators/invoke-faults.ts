/** What happens to an answer: nothing (null), or it is another one, never comes, or breaks off. */
export type Spoil = { status: number; body?: unknown; headers?: Record<string, string> } | 'silence' | 'drop' | null;

/** What goes wrong, until it is changed. */
export interface Faults {
  /** Asked for each request before anything is done; what takes a while makes it slow. */
  spoil: (request: { method: string; path: string }) => Spoil | Promise<Spoil>;
  /** Batches that are taken, with an answer that never arrives. */
  loseAnswers: number;
  /** ms until a batch is taken whose answer was lost; it is slow rather than gone. */
  lateMs: number;
  hasItemIds: boolean;
  image: 'whole' | 'truncated' | 'broken off' | 'oversized' | 'not an image' | 'a page';
  /** How many items the queue takes. */
  room: number;
  failItem: (seed: unknown) => { type: string; message: string } | null;
  /** ms for each picture. */
  paceMs: number;
  preview: string | null;
}
