// Endless streams, reconnected when they break: server-sent events and motion JPEG.

const SILENCE_MS = 12000; // the server sends something every five seconds at the least
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 4000;

// Follow `path` until `signal` aborts. `begin()` is called at each connection, `take(bytes)` with what is received, and
// `lost(status)` when the stream breaks or is rejected; status is 0 if there was no answer.
export async function follow(path, signal, { begin, take, lost }) {
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    const status = await followOnce(path, signal, begin, async (bytes) => {
      wait = FIRST_WAIT_MS;
      await take(bytes);
    });
    if (signal.aborted) return;
    lost(status);
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

async function followOnce(path, signal, begin, take) {
  const connection = new AbortController();
  const stop = () => connection.abort();
  signal.addEventListener("abort", stop);
  let watchdog = setTimeout(stop, SILENCE_MS);
  try {
    const response = await fetch(path, { signal: connection.signal, cache: "no-store" });
    if (!response.ok) return response.status;
    begin();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 0;
      clearTimeout(watchdog);
      watchdog = setTimeout(stop, SILENCE_MS);
      await take(value);
    }
  } catch (error) {
    if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error; // fetch's error for a broken network
    return 0;
  } finally {
    clearTimeout(watchdog);
    connection.abort();
    signal.removeEventListener("abort", stop);
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

// Return a function that takes bytes of server-sent events and calls `handlers[event](data)` for each complete event.
export function eventReader(handlers) {
  const decoder = new TextDecoder();
  let text = "";
  return (bytes) => {
    const events = (text + decoder.decode(bytes, { stream: true })).split("\n\n");
    text = events.pop();
    for (const event of events) {
      const fields = event.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]);
      const { event: name = "message", data } = Object.fromEntries(fields);
      if (data) handlers[name](JSON.parse(data));
    }
  };
}

// Return a function that takes bytes of a motion JPEG and calls `handle(frame number, JPEG)` for each part.
export function pictureReader(handle) {
  let held = new Uint8Array(0);
  return async (bytes) => {
    held = joined(held, bytes);
    for (;;) {
      const head = headLength(held);
      if (head < 0) return;
      const fields = new TextDecoder().decode(held.subarray(0, head));
      const length = Number(/Content-Length: (\d+)/i.exec(fields)[1]);
      if (held.length < head + length) return;
      const jpeg = held.slice(head, head + length);
      held = held.slice(head + length);
      await handle(Number(/X-Frame: (\d+)/i.exec(fields)[1]), jpeg);
    }
  };
}

function headLength(bytes) {
  for (let i = 3; i < bytes.length; i++) {
    if (bytes[i] === 10 && bytes[i - 1] === 13 && bytes[i - 2] === 10 && bytes[i - 3] === 13) return i + 1;
  }
  return -1;
}

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
