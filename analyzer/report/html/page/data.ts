// What the page is given: analyzer/docs/contract.md, "The page".

export type Severity = "info" | "note" | "warning" | "error";
export const severities: Severity[] = ["info", "note", "warning", "error"];

export interface Incident {
  incident: number;
  severity: Severity;
  certainty: string;
  cause: string;
  verdict: string;
  where: string;
  first_ns: number;
  last_ns: number;
  flows: number;
  sample_flows: number[];
  findings: Record<string, number>;
  remedy: string;
  see: string;
  example: string;
}

export interface Service {
  ip: string;
  port: number;
  connections: number;
  opened: number;
  failed: number;
  failure_rate: number | null;
  outcome: Record<string, number>;
  peak_half_open: { count: number };
  peak_time_wait: { count: number };
  closed_first: { service: number; client: number; both: number };
  load: number[];
}

export interface TroubledService {
  ip: string;
  port: number;
  connections: number;
  not_opened: number;
  errors: number;
  warnings: number;
  findings: Record<string, number>;
}

export interface Report {
  connections: number;
  handshake: Record<string, number>;
  close: Record<string, number>;
  where_time_went: { total_ns: number; causes: Record<string, { total_ns: number; most_in_flow: number }> };
  incidents: Incident[];
  services: Service[];
  services_in_trouble: TroubledService[];
}

export interface Timeline {
  from_us: number;
  step_us: number;
  octets: number[];
  packets: number[];
  resent: number[];
  phases: Record<string, number[]>;
}

export interface FlowColumns {
  left_out: number;
  base_us: number;
  number: number[];
  begun_us: number[];
  lasted_us: number[];
  client: number[];
  client_port: number[];
  server: number[];
  server_port: number[];
  sent: number[];
  received: number[];
  packets: number[];
  resent: number[];
  handshake: number[];
  close: number[];
  client_state: number[];
  server_state: number[];
  cause: number[];
  hosts: string[];
  closes: string[];
  handshakes: string[];
  states: string[];
  causes: string[];
}

export interface FindingColumns {
  left_out: number;
  base_us: number;
  kinds: { id: string; title: string }[];
  kind: number[];
  severity: number[];
  certainty: number[];
  flow: number[];
  time_us: number[];
  endpoint: number[];
  incident: number[];
  summary: string[];
}

export interface FlowFinding {
  id: string;
  title: string;
  severity: Severity;
  certainty: string;
  endpoint: string | null;
  summary: string;
  filter: string;
  frames: number[];
}

export type Entered = [text: string, basis: string, why: string] | null;
// A gap in the ladder has only the first three.
export type LadderRow = [
  frame: number,
  since_ns: number | null,
  label: string,
  from?: 0 | 1 | null,
  fate?: number,
  proof?: number,
  client?: Entered,
  server?: Entered,
  findings?: number[],
];

export interface SeriesColumns {
  segments: number;
  iss: [number, number];
  t: number[];
  n: number[];
  f?: number[];
  k: number[];
  g: number[];
  s: number[];
  l: number[];
  a: number[];
  w: number[];
  p: number[];
  c: number[];
  r: number[];
  sack: number[][];
}

export interface Detail {
  number: number;
  title: string;
  subtitle: string;
  filter: string;
  begun_us: number;
  ends: string[];
  states: string[];
  final: string[];
  time: [string, number][];
  findings: FlowFinding[];
  rows: LadderRow[];
  series: SeriesColumns | null;
}

export interface Where {
  file: string;
  flow: number | null;
  frame: number | null;
  command: string;
}

export interface Trend {
  change: string;
  before: number;
  before_severity: string | null;
  before_cause: string | null;
}

export interface StoreIncident {
  severity: Severity;
  certainty: string;
  cause: string;
  headline: string;
  actor: string;
  incidents: number;
  captures: number;
  flows: number;
  impact: { connections_failed: number; connections_reset: number; time_lost_ns: number };
  first_time: string;
  last_time: string;
  remedy: string;
  explained_by: string | null;
  trend: Trend | null;
  where: Where | null;
}

export interface StorePlace {
  service?: string;
  host?: string;
  connections: number;
  errors: number;
  warnings: number;
  what: string;
  trend: Trend | null;
  where: Where | null;
}

export interface StoreReport {
  store: string;
  baseline: string | null;
  captures: number;
  files: number;
  broken_files: number;
  packets: number;
  connections: number;
  first_ns: number | null;
  last_ns: number | null;
  severities: Record<Severity, number>;
  incidents: StoreIncident[];
  incidents_left_out: number;
  findings: { id: string; severity: Severity; title: string; findings: number; services: number; trend: Trend | null; where: Where | null }[];
  services: StorePlace[];
  hosts: StorePlace[];
  times: { time: string; connections: number; errors: number; warnings: number; notes: number; where: Where | null }[];
  changes: { change: string; id: string; severity: Severity; service: string; before: number; now: number; where: Where | null }[];
  broken: { file: string; error: string }[];
}

export interface HeatMap {
  by_day: boolean;
  places_left_out: number;
  slots: number[]; // s since 1970
  places: string[];
  cells: { slot: number; place: number; incidents: number; level: number }[];
}

export interface PageData {
  schema: number;
  kind: "report" | "history" | "batch";
  batch?: StoreReport;
  heat?: HeatMap;
  report?: Report;
  nothing_examined?: string; // why; empty where some connection was
  short?: [string, string][];
  capture?: [string, string][];
  outcome?: [string, string][];
  timeline?: Timeline;
  flows?: FlowColumns;
  findings?: FindingColumns;
  details: Record<string, Detail>;
}

export function sumUp(steps: number[]): number[] {
  let sum = 0;
  return steps.map((step) => (sum += step));
}

export function read(): PageData {
  return JSON.parse(document.getElementById("data")!.textContent!) as PageData;
}
