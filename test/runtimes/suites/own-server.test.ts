import { describeMount } from "../../http/conformance/mount.ts";
import { onOwnServer } from "../hosts.ts";
import { describeIdle } from "../idle.ts";

onOwnServer(describeMount);
onOwnServer(describeIdle);
