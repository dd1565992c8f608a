import { connection } from "next/server";
import { bus } from "../bus.js";
import { Lobby } from "./lobby.js";

export default async function Page() {
  await connection(); // the page is rendered for each request, and not once at the build
  return <Lobby last={bus.last} />;
}
