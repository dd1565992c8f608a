import { Controller, Get, type MessageEvent, Sse } from "@nestjs/common";
import { map, type Observable } from "rxjs";
import { bus } from "./bus.js";
import { observe } from "./observe.js";

@Controller()
export class AppController {
  @Get("stats")
  stats() {
    return bus.stats();
  }

  @Sse("sse")
  sse(): Observable<MessageEvent> {
    return observe(bus, ["lobby"]).pipe(map(({ id, message }) => ({ id: `${id}`, data: message })));
  }
}
