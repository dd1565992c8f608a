import { Module } from "@nestjs/common";
import { AppController } from "./app.controller.js";
import { BusCloser } from "./bus.js";

@Module({ controllers: [AppController], providers: [BusCloser] })
export class AppModule {}
