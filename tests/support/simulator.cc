#include "tests/support/simulator.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <random>

#include "tests/support/sim_endpoint.h"

namespace tcpautopsy::sim {

namespace {

constexpr unsigned kChanges = kSyn | kFin | kRst;
constexpr TimeNs kStart = 1'700'000'000 * kSecond;

// std::uniform_*_distribution differs between libraries; seeds must mean the same everywhere.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  bool chance(double p) { return unit() < p; }
  double between(double low, double high) { return low + (high - low) * unit(); }
  TimeNs time(double low_s, double high_s) { return static_cast<TimeNs>(between(low_s, high_s) * 1e9); }
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(engine_() % n); }

 private:
  double unit() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  std::mt19937_64 engine_;
};

enum class Doing : std::uint8_t { AtTap, AtEnd, Timer, Connect, Write, Shutdown, Close, Abort, Probe, Forge };

struct Event {
  TimeNs at = 0;
  std::uint64_t order = 0;  // events of one time happen as they were made
  Doing doing = Doing::Timer;
  Side side = Side::A;  // whose application or timer, or the segment's sender
  Segment segment;
  TcpState sent_in = TcpState::Closed;
  bool copy = false;  // the network made it out of another
  bool from_proxy = false;
  bool operator>(const Event& o) const { return at != o.at ? at > o.at : order > o.order; }
};

struct Path {
  PerSide<TimeNs> hop{};                        // capture point to that end
  PerSide<double> loss_before{}, loss_after{};  // by sender
  double jitter = 0, duplicate = 0, capture_loss = 0;
  bool reorder_before = false, reorder_after = false;
};

class Simulation {
 public:
  Simulation(std::uint64_t seed, const Weather& weather);
  Run run();

 private:
  void choose_path(const Weather& weather);
  Habits choose_habits();
  void differ(Habits& habits);
  void plan_middlebox();
  void plan_meddling();
  bool proxied(const Event& event);
  void proxy_syn_ack();
  void proxy_to_server(std::uint16_t flags, StreamOffset seq);
  void forge(Side in_whose_name);
  void plan_opening();
  void plan_application(Side side);
  void plan(Doing doing, Side side, TimeNs at);
  void on_send(const Segment& segment, TcpState state);
  void to_tap(const Segment& segment, TcpState state);
  void past_tap(const Event& event);
  void capture(const Event& event);
  void record(const TcpSegment& segment, std::optional<TcpState> sent_in, TimeNs time_ns);
  void handle(const Event& event);
  void react_to_fin(Side side);
  Endpoint& end(Side side) { return side == Side::A ? a_ : b_; }

  Dice dice_;
  Path path_;
  Endpoint a_, b_;
  PerSide<Seq> isn_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
  std::uint64_t made_ = 0;
  TimeNs now_ = 0, end_at_ = 0;
  PerSide<TimeNs> last_at_tap_{}, last_at_end_{};  // by sender, where order is kept
  PerSide<bool> saw_fin_{}, plans_close_{};
  PerSide<unsigned> sent_{}, shown_{};  // flags by which an end tells its state: sent, and captured
  PerSide<std::uint16_t> ip_id_{};
  bool counts_ip_id_ = true, timestamps_ = false;
  std::uint64_t skip_ = 0;
  std::optional<Side> only_;
  bool other_stacks_ = false;
  std::optional<TimeNs>
      shut_at_;  // from then on nothing passes the middlebox, which stands behind the capture point
  PerSide<StreamOffset> end_at_tap_{};  // by sender
  // What a middlebox before B does to all that passes.
  enum class Meddling : std::uint8_t { None, StripsOptions, RewritesNumbers, ProxiesSyns };
  Meddling meddling_ = Meddling::None;
  std::uint32_t sack_shift_ = 0;  // numbers in SACK blocks are not rewritten with the others
  bool proxy_open_ = false;       // it has heard from B, and lets segments pass
  bool doubled_ = false;
  Run run_;
};

Habits Simulation::choose_habits() {
  Habits habits;
  habits.rto = dice_.time(0.2, 0.6);
  habits.mss = 200 + dice_.below(1200);
  habits.window_segments = 1 + dice_.below(8);
  habits.timestamps = timestamps_;
  habits.sack = dice_.chance(0.7);
  habits.fin_rides_on_data = dice_.chance(0.4);
  if (other_stacks_) differ(habits);
  return habits;
}

void Simulation::differ(Habits& habits) {
  if (dice_.chance(0.4)) {  // as Windows
    habits.flat_syn_steps = true;
    habits.syn_rto = 3 * kSecond;
    habits.syn_retries = habits.syn_ack_retries = 2;
    habits.data_retries = habits.orphan_retries = 5;
    habits.time_wait = habits.fin_wait_2 = 120 * kSecond;
  }
  if (dice_.chance(0.3)) habits.fin_wait_2 = 1'000'000 * kSecond;
  habits.rubbish_in_probes = dice_.chance(0.5);
  habits.rst_acks_iss = dice_.chance(0.3);
  habits.challenges = dice_.chance(0.5);
  if (dice_.chance(0.5)) habits.ack_delay = dice_.time(0.04, 0.5);
}

void Simulation::plan_middlebox() {
  if (dice_.chance(0.5)) {
    shut_at_ = dice_.time(0.5, 20);
  } else {
    plan(Doing::Forge, dice_.chance(0.5) ? Side::A : Side::B, dice_.time(0.1, 10));
  }
}

void Simulation::plan_meddling() {
  meddling_ = static_cast<Meddling>(1 + dice_.below(3));
  if (meddling_ == Meddling::StripsOptions) timestamps_ = false;
  if (meddling_ == Meddling::RewritesNumbers) sack_shift_ = 1 + dice_.below(0xfffffffeU);
}

// A SYN proxy lets the client open a connection with it before it opens one with the server.
bool Simulation::proxied(const Event& event) {
  if (meddling_ != Meddling::ProxiesSyns || event.from_proxy) return false;
  const Segment& s = event.segment;
  if (event.side == Side::B) {
    if (s.has(kSyn | kAck)) {
      proxy_open_ = true;
      proxy_to_server(kAck, 1);
      return true;
    }
    return !proxy_open_;
  }
  capture(event);
  if (s.has(kSyn)) {
    proxy_syn_ack();
  } else if (proxy_open_) {
    return false;
  } else if (s.flags == kAck && s.ack == 1) {
    proxy_to_server(kSyn, 0);
  }
  return true;
}

void Simulation::proxy_syn_ack() {
  Event event;
  event.at = now_ + dice_.time(0.0001, 0.01);
  event.order = made_++;
  event.doing = Doing::AtTap;
  event.side = event.segment.from = Side::B;
  event.segment.flags = kSyn | kAck;
  event.segment.ack = 1;
  event.from_proxy = event.copy = true;  // no end sent it
  queue_.push(event);
}

void Simulation::proxy_to_server(std::uint16_t flags, StreamOffset seq) {
  Event event;
  event.at = now_ + 1000;
  event.order = made_++;
  event.doing = Doing::AtEnd;
  event.side = event.segment.from = Side::A;
  event.segment.flags = flags;
  event.segment.seq = seq;
  event.segment.ack = 1;
  queue_.push(event);
}

// As a firewall does: exact, in the end's name, toward the other one.
void Simulation::forge(Side in_whose_name) {
  if (sent_[index(in_whose_name)] == 0) return;
  Event event;
  event.side = event.segment.from = in_whose_name;
  event.segment.flags = kRst;
  event.segment.seq = end_at_tap_[index(in_whose_name)];
  event.copy = true;  // no end sent it
  past_tap(event);
}

Simulation::Simulation(std::uint64_t seed, const Weather& weather)
    : dice_(seed), a_(Side::A, {}, {}), b_(Side::B, {}, {}) {
  choose_path(weather);
  other_stacks_ = weather.other_stacks;
  timestamps_ = dice_.chance(0.5);
  counts_ip_id_ = dice_.chance(0.7);
  if (weather.meddling) plan_meddling();
  doubled_ = weather.doubled;
  const auto send = [this](const Segment& segment, TcpState state) { on_send(segment, state); };
  a_ = Endpoint(Side::A, choose_habits(), send);
  b_ = Endpoint(Side::B, choose_habits(), send);
  for (Seq& isn : isn_) isn = Seq(dice_.chance(0.3) ? 0U - dice_.below(4000) : dice_.below(0xffffffffU));
  for (std::uint16_t& id : ip_id_) id = static_cast<std::uint16_t>(dice_.below(65536));
  end_at_ = dice_.chance(0.4) ? dice_.time(0.1, 10) : dice_.time(10, 300);
  if (weather.capture_starts_late && dice_.chance(0.5)) skip_ = dice_.below(15);
  if (weather.one_sided) only_ = dice_.chance(0.5) ? Side::A : Side::B;
  plan_opening();
  if (weather.middlebox) plan_middlebox();
}

void Simulation::choose_path(const Weather& weather) {
  const double worst = weather.loss ? (dice_.chance(0.3) ? 0.5 : 0.15) : 0;
  const bool long_way = dice_.chance(0.3);
  for (const std::size_t side : {0U, 1U}) {
    path_.hop[side] = dice_.chance(0.2) ? dice_.time(0, 0.0005) : dice_.time(0.001, long_way ? 0.5 : 0.05);
    path_.loss_before[side] = dice_.between(0, worst) * (dice_.chance(0.5) ? 1 : 0);
    path_.loss_after[side] = dice_.between(0, worst);
  }
  path_.jitter = dice_.between(0, 0.8);
  path_.duplicate = weather.duplicate && dice_.chance(0.3) ? 0.05 : 0;
  path_.capture_loss = weather.capture_loss ? dice_.between(0, 0.1) : 0;
  path_.reorder_after = weather.reorder_after_tap && dice_.chance(0.4);
  path_.reorder_before = weather.reorder_before_tap && dice_.chance(0.7);
}

void Simulation::plan(Doing doing, Side side, TimeNs at) {
  Event event;
  event.at = at;
  event.order = made_++;
  event.doing = doing;
  event.side = side;
  queue_.push(event);
}

void Simulation::plan_opening() {
  plan(Doing::Connect, Side::A, 0);
  if (dice_.chance(0.05)) {
    plan(Doing::Connect, Side::B, dice_.time(0, 0.3));  // often simultaneous
  } else if (dice_.chance(0.95)) {
    b_.listen();
  }
  plan_application(Side::A);
  plan_application(Side::B);
}

void Simulation::plan_application(Side side) {
  for (std::uint32_t n = dice_.below(5); n > 0; --n) plan(Doing::Write, side, dice_.time(0, 8));
  for (std::uint32_t n = dice_.below(3); n > 0; --n) plan(Doing::Probe, side, dice_.time(1, 60));
  const double way = dice_.between(0, 1);
  const TimeNs at = dice_.chance(0.7) ? dice_.time(0.2, 8) : dice_.time(0, 1);
  if (way < 0.45) {
    plan(Doing::Shutdown, side, at);
  } else if (way < 0.65) {
    plan(Doing::Close, side, at);
  } else if (way < 0.72) {
    plan(Doing::Abort, side, at);
  } else {
    plans_close_[index(side)] = way < 0.95;  // once the peer has closed; else never
  }
}

void Simulation::on_send(const Segment& segment, TcpState state) {
  Segment stamped = segment;
  sent_[index(segment.from)] |= segment.flags & kChanges;
  std::uint16_t& id = ip_id_[index(segment.from)];
  stamped.ip_id = counts_ip_id_ ? id++ : std::uint16_t{0};
  to_tap(stamped, state);
}

void Simulation::to_tap(const Segment& segment, TcpState state) {
  const std::size_t from = index(segment.from);
  if (dice_.chance(path_.loss_before[from])) return;
  const bool twice = dice_.chance(path_.duplicate / 2);
  for (unsigned copies = twice ? 2 : 1; copies > 0; --copies) {
    Event event;
    const auto hop = static_cast<double>(path_.hop[from]) / 1e9;
    event.at = now_ + dice_.time(hop, hop * (1 + path_.jitter));
    if (!path_.reorder_before) event.at = std::max(event.at, last_at_tap_[from] + 1000);
    last_at_tap_[from] = std::max(last_at_tap_[from], event.at);
    event.order = made_++;
    event.doing = Doing::AtTap;
    event.side = segment.from;
    event.segment = segment;
    event.sent_in = state;
    event.copy = copies == 1 && twice;
    queue_.push(event);
  }
}

void Simulation::past_tap(const Event& event) {
  if (proxied(event)) return;
  capture(event);
  const std::size_t from = index(event.side);
  if (!event.segment.has(kRst)) end_at_tap_[from] = std::max(end_at_tap_[from], event.segment.end());
  if (shut_at_ && now_ >= *shut_at_) return;
  if (dice_.chance(path_.loss_after[from])) return;
  for (unsigned copies = dice_.chance(path_.duplicate / 2) ? 2 : 1; copies > 0; --copies) {
    Event onward = event;
    const auto hop = static_cast<double>(path_.hop[1 - from]) / 1e9;
    onward.at = now_ + dice_.time(hop, hop * (1 + path_.jitter));
    if (!path_.reorder_after) onward.at = std::max(onward.at, last_at_end_[from] + 1000);
    last_at_end_[from] = std::max(last_at_end_[from], onward.at);
    onward.order = made_++;
    onward.doing = Doing::AtEnd;
    queue_.push(onward);
  }
}

TcpOptions options_of(const Segment& s, bool timestamps, Seq peer_isn, std::uint32_t sack_shift) {
  TcpOptions options;
  if (s.has(kSyn)) {
    options.has_mss = options.sack_permitted = true;
    options.mss = 1460;
  }
  options.has_timestamps = timestamps && !s.has(kRst);
  options.ts_val = s.ts_val;
  options.ts_ecr = s.ts_ecr;
  if (s.sack) {
    options.sack_count = 1;
    options.sack[0] = {wrap(s.sack->first, peer_isn) + sack_shift,
                       wrap(s.sack->second, peer_isn) + sack_shift};
  }
  return options;
}

// A's SYN came by with all it offers; B saw none of it, and answers so.
void strip(TcpSegment& segment) {
  TcpOptions& options = segment.options;
  options.sack_count = 0;
  if (segment.flags == kSyn) {
    options.has_timestamps = true;
    options.ts_val = segment.ip_id;
  } else {
    options.sack_permitted = false;
  }
}

void Simulation::record(const TcpSegment& segment, std::optional<TcpState> sent_in, TimeNs time_ns) {
  Captured captured;
  captured.what = segment;
  captured.frame = {0, run_.captured.size() + 1, time_ns};
  run_.captured.push_back(std::move(captured));
  run_.sender_state.push_back(sent_in);
}

void Simulation::capture(const Event& event) {
  if (skip_ > 0) {
    --skip_;
    return;
  }
  if ((only_ && *only_ != event.side) || dice_.chance(path_.capture_loss)) return;
  const Segment& s = event.segment;
  const Seq own = isn_[index(s.from)], peer = isn_[index(other(s.from))];
  const std::uint8_t client[]{10, 0, 0, 1}, server[]{10, 0, 0, 2};
  TcpSegment segment;
  segment.source = {IpAddress::v4(client), 40000};
  segment.destination = {IpAddress::v4(server), 80};
  if (s.from == Side::B) std::swap(segment.source, segment.destination);
  segment.seq = s.seq_is_raw_zero ? Seq(0) : wrap(s.seq, own);
  if (s.has(kAck)) segment.ack = wrap(s.ack, peer);
  segment.payload_length = s.payload;
  segment.flags = s.flags;
  segment.window = s.has(kRst) ? 0 : 65535;
  segment.ttl = 64;
  segment.has_ip_id = true;
  segment.ip_id = s.ip_id;
  segment.options = options_of(s, timestamps_, peer, sack_shift_);
  if (meddling_ == Meddling::StripsOptions) strip(segment);
  // Not the real one, but alike where the fields are alike, which is all that is asked of it.
  const std::uint32_t mix = segment.seq.raw() * 31 + segment.ack.raw() * 17 + segment.flags * 7 +
                            segment.payload_length + s.ts_val * 13 + s.ts_ecr * 11;
  segment.tcp_checksum = static_cast<std::uint16_t>(mix ^ (mix >> 16));
  segment.checksum = Checksum::Good;
  segment.wire_length = 54 + s.payload;
  record(segment, event.copy ? std::nullopt : std::optional(event.sent_in), kStart + now_);
  // What comes next lies at least 1000 ns behind.
  if (doubled_) record(segment, std::nullopt, kStart + now_ + 500);
  shown_[index(event.side)] |= s.flags & kChanges;
}

// An application that waits for its peer to close sees the FIN as end of file.
void Simulation::react_to_fin(Side side) {
  if (saw_fin_[index(side)] || end(side).state() != TcpState::CloseWait) return;
  saw_fin_[index(side)] = true;
  if (plans_close_[index(side)]) plan(Doing::Close, side, now_ + (dice_.chance(0.5) ? 0 : dice_.time(0, 3)));
}

void Simulation::handle(const Event& event) {
  Endpoint& host = end(event.side);
  switch (event.doing) {
    case Doing::AtTap: return past_tap(event);
    case Doing::AtEnd: {
      end(other(event.side)).receive(now_, event.segment);
      return react_to_fin(other(event.side));
    }
    case Doing::Timer: return host.run_timers(now_);
    case Doing::Connect:  // one that has refused the other's SYN would begin a second connection
      if (sent_[index(event.side)] == 0) host.connect(now_);
      return;
    case Doing::Write: return host.write(now_, 1 + dice_.below(4000));
    case Doing::Shutdown: return host.shutdown(now_);
    case Doing::Close: return host.close(now_);
    case Doing::Abort: return host.abort(now_);
    case Doing::Probe: return host.probe(now_);
    case Doing::Forge: return forge(event.side);
  }
}

Run Simulation::run() {
  while (true) {
    // A timer may have been moved since it was looked at, so it is no queued event.
    std::optional<TimeNs> timer;
    Side whose = Side::A;
    for (const Side side : {Side::A, Side::B})
      if (const auto at = end(side).next_timer(); at && (!timer || *at < *timer)) {
        timer = at;
        whose = side;
      }
    const bool timer_first = timer && (queue_.empty() || *timer < queue_.top().at);
    if (!timer_first && queue_.empty()) break;
    Event event;
    if (timer_first) {
      event.at = *timer;
      event.side = whose;
    } else {
      event = queue_.top();
      queue_.pop();
    }
    if (event.at > end_at_) break;
    now_ = std::max(now_, event.at);
    handle(event);
  }
  for (const Side side : {Side::A, Side::B})
    if (!end(side).vanished() && sent_[index(side)] == shown_[index(side)])
      run_.final_state[index(side)] = end(side).state();
  run_.capture_end_ns = kStart + end_at_;
  return std::move(run_);
}

}  // namespace

Run simulate(std::uint64_t seed, const Weather& weather) { return Simulation(seed, weather).run(); }

}  // namespace tcpautopsy::sim
