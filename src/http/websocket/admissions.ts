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
    return new Admission(this);
  }

  /** Counts a socket as one of this user's. Throws a Refusal if the user has too many. */
  add(user: User): void {
    const count = this.#users.get(user) ?? 0;
    if (count >= this.#options.maxSocketsPerUser) throw tooManyOfUser();
    this.#users.set(user, count + 1);
  }

  /** Stops counting a socket, and counts it no more as one of its user's. */
  remove(user: User | undefined): void {
    this.#size -= 1;
    if (user === undefined) return;
    const count = this.#users.get(user)! - 1; // `add` counted it
    if (count > 0) this.#users.set(user, count);
    else this.#users.delete(user);
  }
}

/** The admission of one socket. */
export class Admission {
  readonly #admissions: Admissions;
  #user: User | undefined = undefined;
  #isOver = false;

  constructor(admissions: Admissions) {
    this.#admissions = admissions;
  }

  /** Counts the socket as one of this user's. Throws a Refusal if the user has too many. */
  ofUser(user: User): void {
    this.#admissions.add(user);
    this.#user = user;
  }

  /** Notes that the socket has closed, or was refused. A second call does nothing. */
  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#admissions.remove(this.#user);
  }
}
