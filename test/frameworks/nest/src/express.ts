import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import { mount } from "nightbus/express";
import { AppModule } from "./app.module.js";
import { bus } from "./bus.js";

const app = await NestFactory.create(AppModule);
app.use("/longpolling", mount(bus, { send: () => true }));
app.enableShutdownHooks();
await app.listen(process.env["PORT"] ?? 3000);
