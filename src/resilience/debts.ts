/**
 * What a full stack has kept from being given back. Where it is full nothing can be called: who owes something is written
 * down by an assignment, into a list that is there already, and whoever comes next and finds room gives it back.
 */

/** Somebody who may hold what is others' by now. */
export interface Debtor {
  /** Gives back what it holds, if anything. */
  payBack(): void;
}

/** What giving back may take of the stack, with listeners that are told, and functions that are compiled: so many arguments. */
const ROOM = 16_000;

/** Gives back what is owed, unless the stack is still too full for it. */
export function payBack(owed: Debtor[]): void {
  if (!hasRoom()) return;
  for (let debtor = owed.pop(); debtor !== undefined; debtor = owed.pop()) debtor.payBack();
}

/** Arguments take what they take; how many frames there is room for would depend on the compiler. */
function hasRoom(): boolean {
  try {
    takeArguments(...new Array<undefined>(ROOM));
    return true;
  } catch {
    return false;
  }
}

const takeArguments = (..._: undefined[]): void => {};
