import { tooManyOfUser, tooManySockets } from "./handshake.ts";
import type { User } from "./options.ts";

/** The bounds of open sockets. */
export interface AdmissionsOptions {
  readonly maxSockets: number;
  readonly maxSocketsPerUser: number;
}

/** Counts the sockets of a mount, those in their handshake too, and the sockets of each user. */
export class Admissions {
  readonly #options: AdmissionsOptions;
  readonly #users = new Map<User, number>();
  #size = 0;

  constructor(options: AdmissionsOptions) {
    this.#options = options;
  }

  /** The number of sockets that are open, or in their handshake. */
  get size(): number {
    return this.#size;
  }

  /** Admits a socket. Throws a Refusal if there are too many. */
  enter(): Admission {
    if (this.#size >= this.#options.maxSockets) throw tooManySockets();
    this.#size += 1;
    return new Admission(this.#options.maxSocketsPerUser, this.#users, () => {
      this.#size -= 1;
    });
  }
}

/** The admission of one socket. */
export class Admission {
  readonly #most: number;
  readonly #users: Map<User, number>;
  readonly #left: () => void;
  #user: User | undefined = undefined;
  #isOver = false;

  /** `users` counts the sockets of each user. `left` is called once, at the end. */
  constructor(most: number, users: Map<User, number>, left: () => void) {
    this.#most = most;
    this.#users = users;
    this.#left = left;
  }

  /** Counts the socket as one of this user's. Throws a Refusal if the user has too many. */
  ofUser(user: User): void {
    const count = this.#users.get(user) ?? 0;
    if (count >= this.#most) throw tooManyOfUser();
    this.#users.set(user, count + 1);
    this.#user = user;
  }

  /** Notes that the socket has closed, or was refused. A second call does nothing. */
  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#left();
    if (this.#user === undefined) return;
    const count = this.#users.get(this.#user)! - 1; // `ofUser` counted it
    if (count > 0) this.#users.set(this.#user, count);
    else this.#users.delete(this.#user);
  }
}
