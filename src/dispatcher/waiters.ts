/** Those who wait for one answer each, by the id of what it is about; all that wait for one id get the same. */
export class Waiters<T> {
  private readonly waiting = new Map<string, ((value: T) => void)[]>();

  wait(id: string): Promise<T> {
    return new Promise((resolve) => {
      const known = this.waiting.get(id);
      if (known) known.push(resolve);
      else this.waiting.set(id, [resolve]);
    });
  }

  resolve(id: string, value: T): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    for (const resolve of waiting ?? []) resolve(value);
  }
}
