/** One button of the selection bar. */
export interface SelectionAction {
  /** What it is called where only the icon shows: "Move to trash". */
  readonly label: string;
  /** What stands beside the icon: "Trash". */
  readonly short: string;
  readonly icon: string;
  readonly isDanger?: boolean;
  /** The button waits for what this returns. */
  readonly run: () => unknown;
}
