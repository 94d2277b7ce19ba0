/**
 * The events that a task was given. Tasks count those that they dispatch; the journal knows them by their positions. What is in
 * an image that the task has given is forgotten.
 */
export class GivenEvents {
  /** Positions of those since the newest image, and how many it was given before. */
  #positions: number[] = [];
  #before = 0;
  /** Position of the image that the task has gone on from, or has given. */
  #covered = 0;

  /** The task goes on from the image at `covered` and the events after it. */
  resume(covered: number, positions: number[]): void {
    this.#positions = positions;
    this.#before = 0;
    this.#covered = covered;
  }

  add(position: number): void {
    this.#positions.push(position);
  }

  /** Position of the event that the task dispatched, or is to dispatch, after `events` others. */
  after(events: number): number | undefined {
    return this.#positions[events - this.#before];
  }

  /** The position that the task has come to with `events` events. */
  at(events: number): number | undefined {
    // Without an event in between it is the same state, put in order: the session goes on from that.
    return events === this.#before ? this.#covered : this.after(events - 1);
  }

  /** The task has given an image after `events` events. Returns its position; undefined: it is of none of these. */
  cover(events: number): number | undefined {
    const position = this.at(events);
    if (position === undefined) return undefined;
    this.#positions.splice(0, events - this.#before);
    this.#before = events;
    this.#covered = position;
    return position;
  }
}
