/** Why somebody may not do something, as an HTTP status and a sentence for them to read. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}
