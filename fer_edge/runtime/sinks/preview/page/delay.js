// Delay from a frame's capture until it is on the screen.

const WEIGHT = 0.2; // of the newest in the mean
const CLOCK_SET_MS = 60000; // a longer delay means that a clock was set

export class Delay {
  constructor() {
    this.reset();
  }

  reset() {
    this.least = Infinity; // from sending to receiving, by two clocks that nobody has set alike
    this.mean = null;
  }

  // A result came. The quickest way here stands for no delay, as the clocks' difference is not known.
  received(result, now = Date.now()) {
    if (!isNew(result)) return;
    const way = now - sentAt(result);
    if (way < this.least || way > this.least + CLOCK_SET_MS) this.least = way;
  }

  // Its picture was drawn.
  shown(result, now = Date.now()) {
    if (!isNew(result) || this.least === Infinity) return;
    const delay = result.delay_ms + Math.max(now - sentAt(result) - this.least, 0);
    this.mean = this.mean === null ? delay : this.mean + WEIGHT * (delay - this.mean);
  }
}

// A result that is sent again, as nothing new comes, says nothing.
const isNew = ({ delay_ms: delay, stream }) => delay !== null && stream.state === "live";

const sentAt = ({ time, delay_ms: delay }) => time * 1000 + delay;
