let upload = $state.raw<(() => void) | null>(null);
let hasMark = $state(false);
/** Somebody asked before the uploads were loaded: they are opened then, so that no click is lost. */
let isWanted = false;

/** What the frame around the pages offers to them. */
export const shell = {
  /** Opens the picker, as soon as there is one. */
  upload(): void {
    if (upload) upload();
    else isWanted = true;
  },
  /** Whether there is something to stand beside one's own oval. */
  get hasMark() {
    return hasMark;
  },
  set hasMark(is: boolean) {
    hasMark = is;
  },
};

/** Connects the header's Upload button and the key `u`: `$effect(() => provideUpload(openPicker))`. */
export function provideUpload(open: () => void): () => void {
  upload = open;
  if (isWanted) open();
  isWanted = false;
  return () => {
    if (upload === open) upload = null;
  };
}
