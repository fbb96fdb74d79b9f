/**
 * The keys of a namespace. The version of the wire format is in each of them, so that two formats run side by side during a
 * deploy; the braces put all of them into one slot of a cluster.
 */
export const keyOf = (namespace: string, rest: string): string => `recloser:1:{${namespace}}:${rest}`;

/** What is not plainly closed: name → record. */
export const recordsKey = (namespace: string): string => keyOf(namespace, 'b');

/** Who is alive: instance → until when. */
export const instancesKey = (namespace: string): string => keyOf(namespace, 'i');

/** Votes and abstentions, or leases and successes, of a breaker. */
export const roundKey = (namespace: string, name: string): string => keyOf(namespace, `r:${name}`);

/** The channel on which the instances of a namespace hear that something has changed: `<instance> <name>`. */
export const FLEET_CHANNEL = (namespace: string): string => keyOf(namespace, 'h');
