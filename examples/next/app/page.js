"use client";

import { connect } from "nightbus/client";
import { useEffect, useRef, useState } from "react";

export default function Lobby() {
  const bus = useRef(null);
  const [lines, setLines] = useState([]);

  useEffect(() => {
    bus.current = connect("/longpolling", { channels: ["lobby"] });
    bus.current.on("notification", ({ id, message }) => setLines((before) => [...before, { id, text: message.text }]));
    return () => bus.current.close();
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
