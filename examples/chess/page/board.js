import { Chess } from "/chess.js";

// The filled pieces for both sides, coloured by the style sheet; the selector keeps phones from drawing a pawn as an emoji.
const GLYPHS = { k: "♚\uFE0E", q: "♛\uFE0E", r: "♜\uFE0E", b: "♝\uFE0E", n: "♞\uFE0E", p: "♟\uFE0E" };
const NAMES = { k: "king", q: "queen", r: "rook", b: "bishop", n: "knight", p: "pawn" };
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -8, ArrowDown: 8 };

/** The board: 64 buttons, walked with the arrow keys. `move` is called with what the player wants; it is not judged here. */
export class Board {
  #move;
  #squares = [];
  #chess = new Chess();
  #mine; // the colour that may be moved now
  #chosen;

  constructor(element, move) {
    this.#move = move;
    for (let at = 0; at < 64; at += 1) {
      const square = document.createElement("button");
      square.type = "button";
      square.addEventListener("click", () => this.#click(square.dataset.square));
      square.tabIndex = at === 52 ? 0 : -1; // the king's pawn
      this.#squares.push(square);
    }
    element.append(...this.#squares);
    element.addEventListener("keydown", (event) => this.#key(event));
    this.show([], "w", undefined);
  }

  /** Shows the position after these moves, seen from `side`; `mine` is the colour that may be moved now. */
  show(moves, side, mine) {
    this.#chess = new Chess();
    let latest;
    for (const move of moves) latest = this.#chess.move(move);
    this.#mine = mine;
    this.#chosen = undefined;
    this.#squares.forEach((square, at) => {
      const [row, column] = side === "w" ? [8 - (at >> 3), at & 7] : [1 + (at >> 3), 7 - (at & 7)];
      square.dataset.square = "abcdefgh"[column] + row;
      square.classList.toggle("dark", (row + column) % 2 === 1);
      square.classList.toggle("latest", latest?.from === square.dataset.square || latest?.to === square.dataset.square);
      if (at >= 56) square.dataset.file = "abcdefgh"[column];
      if (at % 8 === 0) square.dataset.rank = row;
      this.#draw(square);
    });
    return this.#chess;
  }

  #draw(square) {
    const name = square.dataset.square;
    const piece = this.#chess.get(name);
    square.textContent = piece === undefined ? "" : GLYPHS[piece.type];
    square.classList.toggle("white", piece?.color === "w");
    square.classList.toggle(
      "check",
      piece?.type === "k" && piece.color === this.#chess.turn() && this.#chess.inCheck(),
    );
    const what = piece === undefined ? "empty" : `${piece.color === "w" ? "white" : "black"} ${NAMES[piece.type]}`;
    square.setAttribute("aria-label", `${name}, ${what}`);
    this.#mark(square, []);
  }

  #mark(square, targets) {
    const chosen = square.dataset.square === this.#chosen;
    square.classList.toggle("chosen", chosen);
    square.classList.toggle("target", targets.includes(square.dataset.square));
    square.setAttribute("aria-pressed", chosen);
  }

  #choose(name) {
    this.#chosen = name;
    const moves = name === undefined ? [] : this.#chess.moves({ square: name, verbose: true });
    const targets = moves.map(({ to }) => to);
    for (const square of this.#squares) this.#mark(square, targets);
  }

  async #click(name) {
    this.#walkTo(this.#squares.findIndex((square) => square.dataset.square === name));
    if (this.#mine === undefined) return;
    if (this.#chess.get(name)?.color === this.#mine) return this.#choose(name === this.#chosen ? undefined : name);
    if (this.#chosen === undefined) return;
    const from = this.#chosen;
    const pawn = this.#chess.get(from)?.type === "p";
    this.#choose(undefined);
    // Any square can be tried: the server says what is not allowed, and why.
    if (!pawn || !/[18]/.test(name)) return this.#move({ from, to: name });
    const promotion = await askPromotion();
    if (promotion !== "") this.#move({ from, to: name, promotion });
  }

  #key(event) {
    if (event.key === "Escape") return this.#choose(undefined);
    const step = STEPS[event.key];
    const at = this.#squares.indexOf(document.activeElement);
    if (step === undefined || at === -1) return;
    event.preventDefault();
    const leaves = at + step < 0 || at + step > 63 || (step === -1 && at % 8 === 0) || (step === 1 && at % 8 === 7);
    if (!leaves) this.#walkTo(at + step);
  }

  // One square is in the order of the tab key, the others are reached from it.
  #walkTo(at) {
    for (const square of this.#squares) square.tabIndex = -1;
    this.#squares[at].tabIndex = 0;
    this.#squares[at].focus();
  }
}

function askPromotion() {
  const dialog = document.querySelector("#promotion");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}
