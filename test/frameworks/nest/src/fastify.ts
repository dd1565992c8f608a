import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import { mount } from "nightbus/fastify";
import { AppModule } from "./app.module.js";
import { bus } from "./bus.js";

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter());
await app.register(mount(bus, { send: () => true }), { prefix: "/longpolling" });
app.enableShutdownHooks();
await app.listen(process.env["PORT"] ?? 3000, "0.0.0.0");
