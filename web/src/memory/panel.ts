// The memory side of the page: takes each sample to its gauge, chart, tables and lists.
import type { Client } from "../api/client";
import type { MemorySample, Pressure } from "../api/contract";
import { byId, setText } from "../elements";
import { formatAgo } from "../format";
import { MemoryChart, type Mark } from "./chart";
import { DeviceView } from "./device_view";
import { Gauge } from "./gauge";
import { History } from "./history";
import { LedgerTable } from "./ledger_table";
import { PlanView } from "./plan_view";
import { marksOf, mergeMarks, ReclaimList } from "./reclaims";

// Five minutes at four samples a second, and one more for each gap.
const SAMPLES = 1260;

const PRESSURE_WORDS: Record<Pressure, string> = {
  normal: "Pressure normal", warning: "Pressure: warning", critical: "Pressure: critical",
};

export class MemoryPanel {
  private readonly history = new History(SAMPLES);
  private readonly gauge = new Gauge(byId("gauge", HTMLElement));
  private readonly ledger = new LedgerTable(byId("ledger", HTMLElement));
  private readonly device = new DeviceView(byId("device", HTMLElement));
  private readonly reclaims = new ReclaimList(byId("reclaims", HTMLElement), byId("reclaims-sum", HTMLElement));
  private readonly chart = new MemoryChart(byId("chart", HTMLElement), this.history, (at) => this.point(at));
  private readonly plan: PlanView;
  private readonly when = byId("chart-when", HTMLElement);
  private readonly pressure = byId("pressure", HTMLElement);
  private marks: Mark[] = [];
  private latest: MemorySample | null = null;
  private pointed: number | null = null;

  constructor(client: Client) {
    this.plan = new PlanView(byId("plan", HTMLElement), client);
  }

  show(sample: MemorySample): void {
    const now = Date.now() / 1000;
    const restarted = this.latest !== null && (sample.pid !== this.latest.pid || sample.uptime_ms < this.latest.uptime_ms);
    this.marks = mergeMarks(this.marks, marksOf(sample.reclaims, sample.uptime_ms, now), restarted);
    this.latest = sample;
    this.history.push(now, sample.memory);
    this.gauge.show(sample);
    this.device.show(sample);
    this.reclaims.show(this.marks, now);
    this.plan.show(sample);
    setText(this.pressure, PRESSURE_WORDS[sample.pressure] ?? sample.pressure);
    this.pressure.dataset["state"] = sample.pressure;
    if (this.pointed === null) this.ledger.show(sample.memory);
    if (!document.hidden) this.chart.draw(now, this.marks);
  }

  lost(): void {
    this.history.pushGap(Date.now() / 1000);
  }

  private point(at: number | null): void {
    this.pointed = at;
    if (!this.latest) return;
    if (at === null) {
      setText(this.when, "now");
      this.ledger.show(this.latest.memory);
      return;
    }
    const columns = this.history.since(at);
    const ago = formatAgo(Date.now() - 1000 * at);
    setText(this.when, ago);
    this.ledger.showThen(columns.layers.map((layer) => layer[0] ?? null), ago, this.latest.memory);
  }
}
