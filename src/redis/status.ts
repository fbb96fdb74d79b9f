import type { FleetStatus, SharedBreakerStatus } from './fleet.js';
import type { CommandKind, CommandResults } from './link.js';
import type { Members } from './members.js';
import { hasVotes, isUp, NOTHING, STATE_NAMES, type View } from './view.js';

/** What a status is made of. */
export interface StatusParts
  extends Pick<FleetStatus, 'instance' | 'namespace' | 'detached' | 'instances' | 'lastSync'> {
  readonly results: Readonly<Record<CommandKind, CommandResults>>;
  readonly views: ReadonlyMap<string, View>;
  readonly members: Members;
  readonly now: number;
}

export function statusOf({ results, views, members, now, ...plain }: StatusParts): FleetStatus {
  const kinds = Object.entries(results) as [CommandKind, CommandResults][];
  const sum = (result: keyof CommandResults) => kinds.reduce((all, [, of]) => all + of[result], 0);
  const answered = Object.fromEntries(kinds.map(([kind, { ok }]) => [kind, ok])) as Record<
    CommandKind,
    number
  >;
  const names = new Set([...views.keys(), ...[...members].map(({ name }) => name)]);
  const breakers: [string, SharedBreakerStatus][] = [];
  for (const name of names) {
    const [view, member] = [views.get(name) ?? NOTHING, members.get(name)];
    const voting = member?.ballot.isVoting ?? false;
    const probing = member?.isProbing ?? false;
    if (isUp(view) && !hasVotes(view) && !voting && !probing) continue;
    const { state, epoch, until, words } = view;
    const remaining = Math.max(until - now, 0);
    breakers.push([name, { state: STATE_NAMES[state], epoch, remaining, words, voting, probing }]);
  }
  return {
    ...plain,
    commands: { ...answered, failed: sum('failed'), skipped: sum('skipped') },
    results: Object.fromEntries(kinds.map(([kind, of]) => [kind, { ...of }])) as FleetStatus['results'],
    breakers: Object.fromEntries(breakers),
  };
}
