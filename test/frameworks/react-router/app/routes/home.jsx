export default function Home() {
  return <h1>The lobby</h1>;
}
