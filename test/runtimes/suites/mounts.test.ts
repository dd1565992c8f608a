import { onEveryHost } from "../../http/conformance/hosts.ts";
import { describeMount } from "../../http/conformance/mount.ts";
import { describeIdle } from "../idle.ts";

onEveryHost(describeMount);
onEveryHost(describeIdle);
