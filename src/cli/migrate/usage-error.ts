/** Arguments that make no sense, or something that the command needs and does not find: one sentence, and exit 2. */
export class UsageError extends Error {}
