/**
 * All sessions of a thread share one port, their trunk: a thread looks at each of its ports whenever one of them has something,
 * which takes longer than everything else once there are thousands. A session is known there by its number.
 *
 *     host   ── SessionTask: number, port ──▶ worker      each session brings a port
 *     host   ◀── TrunkNotice ── worker                    over that port: which trunk the thread has. The port of its first
 *                                                         session is the trunk; those of the others are not used any more
 *     host   ◀── TrunkBatch ──▶ worker                    over the trunk
 */
export interface TrunkNotice {
  /** The session whose port is the trunk. */
  trunk: number;
}

/**
 * Number of a session, what is said to it or by it, and so on: whatever the host said in one turn; of threads, an answer with what
 * could wait for it.
 */
export type TrunkBatch = unknown[];
