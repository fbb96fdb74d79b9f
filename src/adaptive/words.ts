/** What a detector says of itself, in words. */

/** A kind of evidence: what its calls did. */
export type ChannelName = 'failed' | 'slow' | 'late';

const DID: Readonly<Record<ChannelName, (calls: number) => string>> = {
  failed: (calls) => `${counted(calls)} failed`,
  slow: (calls) => `${counted(calls)} ${calls === 1 ? 'was' : 'were'} slow`,
  late: (calls) => `${counted(calls)} in flight for too long at once`,
};

const counted = (calls: number): string => `${calls} ${calls === 1 ? 'call' : 'calls'}`;
const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

function seconds(ms: number): string {
  const s = Math.max(ms, 0) / 1_000;
  return `${s < 10 ? Number(s.toFixed(2)) : Math.round(s)} s`;
}

/** `evidence 9 of 9 in 0.41 s: 7 calls failed, 2 overdue` */
export function explainTrip(
  channel: ChannelName,
  {
    value,
    limit,
    lasted,
    failures,
    overdue,
  }: Record<'value' | 'limit' | 'lasted' | 'failures' | 'overdue', number>,
): string {
  const parts = failures > 0 || overdue === 0 ? [DID[channel](failures)] : [];
  if (overdue > 0) parts.push(parts.length === 0 ? `${counted(overdue)} overdue` : `${overdue} overdue`);
  return `evidence ${value} of ${limit} in ${seconds(lasted)}: ${parts.join(', ')}`;
}

/** `evidence 3 of 9 (a failure adds 1, a success takes 1 off); trips about once in 100 days at up to 10 % failures` */
export function explainLine(
  value: number,
  limit: number,
  { up, down }: { readonly up: number; readonly down: number },
  falseTripsPerDay: number,
  normal: number,
): string {
  const days = 1 / falseTripsPerDay;
  const often =
    days > 1
      ? `once in ${Number(days.toPrecision(2))} days`
      : `${Number(falseTripsPerDay.toPrecision(2))} times a day`;
  return (
    `evidence ${value} of ${limit} (a failure adds ${up}, a success takes ${down} off); ` +
    `trips about ${often} at up to ${percent(normal)} failures`
  );
}

/** `admits 40 % of the calls since it closed 4 s ago` */
export function explainRamp(share: number, lasted: number): string {
  return `admits ${percent(share)} of the calls since it closed ${seconds(lasted)} ago`;
}

/** `fails more than usual, 12 % (normal 2 %)` */
export function explainWarning(rate: number, usual: number): string {
  return `fails more than usual, ${percent(rate)} (normal ${percent(usual)})`;
}
