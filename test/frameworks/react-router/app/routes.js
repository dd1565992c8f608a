import { index, route } from "@react-router/dev/routes";

export default [
  index("routes/home.jsx"),
  route("longpolling/:route", "routes/longpolling.js"),
  route("stats", "routes/stats.js"),
];
