/** What the next step starts from, as the bar shows it. */
export interface StartPicture {
  readonly id: string;
  readonly thumbnailUrl: string;
  readonly isMade: boolean;
  /** The step it is of; null for a photo of the library. */
  readonly stepId: string | null;
  /** `Picture 4 of step 1`. */
  readonly words: string;
}
