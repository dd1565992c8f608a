import { Injectable, type OnModuleDestroy } from "@nestjs/common";
import { Bus } from "nightbus";

export const bus = new Bus<{ lobby: { text: string } }>();

@Injectable()
export class BusCloser implements OnModuleDestroy {
  onModuleDestroy() {
    return bus.close();
  }
}
