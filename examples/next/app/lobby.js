"use client";

import { connect } from "nightbus/client";
import { useEffect, useRef, useState } from "react";

/** The lobby, from the position at which the server rendered the page. */
export function Lobby({ last }) {
  const bus = useRef(null);
  const position = useRef(last); // React runs effects anew in development; each run goes on from here
  const [lines, setLines] = useState([]);

  useEffect(() => {
    const client = connect("/longpolling", { channels: ["lobby"], last: position.current });
    client.on("notification", ({ id, message }) => {
      position.current = id;
      setLines((before) => [...before, { id, text: message.text }]);
    });
    bus.current = client;
    return () => client.close();
  }, []);

  async function say(event) {
    event.preventDefault();
    const form = event.currentTarget;
    await bus.current.sendone("lobby", { text: form.elements.text.value });
    form.reset();
  }

  return (
    <main>
      <h1>The lobby</h1>
      <ul aria-live="polite">
        {lines.map(({ id, text }) => (
          <li key={id}>{text}</li>
        ))}
      </ul>
      <form onSubmit={say}>
        <input name="text" aria-label="Your words" placeholder="Say something" autoComplete="off" required />
      </form>
    </main>
  );
}
