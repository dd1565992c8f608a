import { onEveryHost } from "./hosts.ts";
import { describeMount } from "./mount.ts";

onEveryHost(describeMount);
