import { onEveryHost } from "../../http/conformance/hosts.ts";
import { describeIdle } from "../idle.ts";

onEveryHost(describeIdle);
