export type Question = {
  title: string;
  /** What will happen, in a sentence or two. */
  body: string;
  /** The verb, with what it is done to: "Delete 12 for good". */
  confirm: string;
  /** The way out, said as a choice: "Keep them". */
  cancel?: string;
  danger?: boolean;
};

type Asked = Question & { answer: (yes: boolean) => void };

let asked = $state.raw<Asked | null>(null);

export const question = {
  get current() {
    return asked;
  },
  answer(yes: boolean) {
    const before = asked;
    asked = null;
    before?.answer(yes);
  },
};

/** Asks and waits: `if (await confirm({ title, body, confirm: 'Delete 12 for good', cancel: 'Keep them', danger: true })) …` */
export function confirm(what: Question): Promise<boolean> {
  question.answer(false);
  return new Promise((answer) => {
    asked = { ...what, answer };
  });
}
