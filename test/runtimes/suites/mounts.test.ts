import { onEveryHost } from "../../http/conformance/hosts.ts";
import { describeMount } from "../../http/conformance/mount.ts";

onEveryHost(describeMount);
