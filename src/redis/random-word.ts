/** A word that nobody else has. Not of the clock's dice: two processes on clocks of the same seed are two all the same. */
export function randomWord(): string {
  const part = () => Math.floor(Math.random() * 2 ** 48).toString(36);
  return part() + part();
}
