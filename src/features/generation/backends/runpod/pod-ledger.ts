/** What must be known of the pod after whatever happens to this server. */
export interface PodRecord {
  /** Of its own for each pod that was ever asked for, so that one whose making was never answered is found. */
  readonly name: string;
  /** Null from before it is asked for until that is answered. */
  readonly podId: string | null;
  /** ms since 1970, as all times here. */
  readonly usedAt: number;
  /** Until when its cost was counted; null while it is stopped and costs no hours. */
  readonly countedTo: number | null;
  /** US dollars for an hour of it, when it last ran. */
  readonly dollarsPerHour: number;
  /** Since it was last started. */
  readonly run: PodRun;
}

/** How long pods have run, and what that cost. */
export interface PodUse {
  readonly ms: number;
  readonly dollars: number;
}

/** From a start to the stop after it, or until now. */
export interface PodRun extends PodUse {
  readonly startedAt: number;
}

/** Where it is written down, for all servers of a library. */
export interface PodLedger {
  /**
   * Does one thing after the other, whichever servers do them.
   * @param signal ends the waiting for its turn; the work is given its own
   */
  exclusively<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
  read(): Promise<PodRecord | null>;
  /**
   * Within `exclusively` alone, together with what was spent since.
   * @throws BackendError of `pod_error`, with nothing written, where somebody else has taken over meanwhile
   */
  write(record: PodRecord | null, spent?: readonly DayUse[]): Promise<void>;
  useOf(day: string): Promise<PodUse>;
  /** Why work may not start it; null where it may. */
  paused(): Promise<string | null>;
  pause(why: string | null): Promise<void>;
  /** Why it was not to be had when it was last wanted; null once it was. */
  noteTrouble(message: string | null): Promise<void>;
  /** There is nothing left that an administrator was told of. */
  endAlarm(): Promise<void>;
  /** How many pictures that somebody waits for lie there alone. @param place what their names begin with */
  unfetched(place: string): Promise<number>;
}

/** Of a day of UTC, such as `2026-11-22`. */
export interface DayUse extends PodUse {
  readonly day: string;
}
