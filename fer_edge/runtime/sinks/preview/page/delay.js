// Delay from a frame's capture until it is on the screen.

const WEIGHT = 0.2; // of the newest in the mean

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
    if (result.delay_ms !== null) this.least = Math.min(this.least, now - sentAt(result));
  }

  // Its picture was drawn.
  shown(result, now = Date.now()) {
    if (result.delay_ms === null || this.least === Infinity) return;
    const delay = result.delay_ms + Math.max(now - sentAt(result) - this.least, 0);
    this.mean = this.mean === null ? delay : this.mean + WEIGHT * (delay - this.mean);
  }
}

const sentAt = ({ time, delay_ms: delay }) => time * 1000 + delay;
