// The law of sums over flows: whatever way a capture's flows are split, in whatever order they are noted and
// the parts merged, what is told of hosts and services is the same to the bit.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "analyzer/hosts/host_book.h"
#include "analyzer/transfer/transfer_results.h"
#include "tests/support/conclude.h"
#include "tests/support/format.h"
#include "tests/support/simulator.h"

namespace tcpautopsy {

namespace {

// Connections of every kind, from which any number is made by other addresses and times.
std::vector<FlowHistory> originals(bool with_data_only) {
  sim::Weather late;
  late.capture_starts_late = true;
  sim::Weather one_sided;
  one_sided.one_sided = true;
  std::vector<FlowHistory> all;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const sim::Weather weather = seed % 10 == 8 ? late : seed % 10 == 9 ? one_sided : sim::Weather{};
    const sim::Run run = sim::simulate(seed, weather);
    ConcludeSettings settings;
    settings.capture_end_ns = run.capture_end_ns;
    for (Concluded& flow : conclude(run.captured, settings).flows) {
      const auto& transfer = flow.history.transfer;
      if (with_data_only && (!transfer || transfer->data_segments[0] + transfer->data_segments[1] == 0))
        continue;
      // What sums do not look at costs but time to copy.
      flow.history.trace.records = {};
      flow.history.beliefs = {};
      flow.history.deliveries = {};
      all.push_back(std::move(flow.history));
    }
  }
  return all;
}

struct Spread {
  std::uint32_t clients = 0, services = 0;
  TimeNs time_ns = 0;
};

IpAddress address(std::uint8_t net, std::uint32_t number) {
  const std::uint8_t octets[4]{net, static_cast<std::uint8_t>(number >> 16),
                               static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
  return IpAddress::v4(octets);
}

// A busy few, and the rest thinly spread.
std::uint32_t draw(std::mt19937_64& random, std::uint32_t of) {
  const std::uint64_t roll = random();
  return static_cast<std::uint32_t>(roll % 4 != 0 ? (roll >> 8) % of
                                                  : (roll >> 8) % std::min<std::uint32_t>(of, 3));
}

void move_in_time(FlowHistory& flow, TimeNs by) {
  flow.trace.first.time_ns += by;
  flow.trace.last.time_ns += by;
  flow.capture_end_ns += by;
  for (Transition& change : flow.transitions) change.time_ns += by, change.at_ns += by;
  if (!flow.transfer) return;
  auto transfer = std::make_shared<TransferResults>(*flow.transfer);
  for (Turn& turn : transfer->turns.first) turn.first.time_ns += by;
  flow.transfer = std::move(transfer);
}

// Flow `number` of a capture, the same whenever it is asked for.
FlowHistory flow_of(const std::vector<FlowHistory>& kinds, std::uint64_t number, const Spread& spread) {
  std::mt19937_64 random(number * 2654435761U + 1);
  FlowHistory flow = kinds[random() % kinds.size()];
  FlowTrace& trace = flow.trace;
  trace.number = number;
  EndpointAddress &client = trace.sides[index(flow.client())].address,
                  &server = trace.sides[index(flow.server())].address;
  client = {address(10, draw(random, spread.clients)), static_cast<std::uint16_t>(1024 + random() % 60000)};
  server = {address(11, draw(random, spread.services)), static_cast<std::uint16_t>(80 + random() % 2)};
  if (random() % 50 == 0) server.ip = client.ip;
  move_in_time(flow, static_cast<TimeNs>(random() % static_cast<std::uint64_t>(spread.time_ns)));
  if (random() % 5 == 0) {
    auto previous = std::make_shared<PreviousIncarnation>();
    previous->time_wait_end = client;
    previous->time_wait_since = trace.first.time_ns - kSecond;
    previous->time_wait_likely = true;
    flow.previous = std::move(previous);
  }
  return flow;
}

using Lines = std::vector<std::string>;

void tell(Lines& out, const std::string& what, const Population& population) {
  out.push_back(fmt::format("{}: step {}", what, population.step_ns()));
  for (const Population::Moment& moment : population.moments())
    out.push_back(fmt::format("{} at {}: {}", what, moment.at_ns, fmt::join(moment.counts, " ")));
}

void tell(Lines& out, const std::string& what, const EndpointCensus& r) {
  out.push_back(fmt::format("{}: {} {} {} {} {} {} {} {} {}", what, r.connections, r.opened, r.not_opened,
                            r.closed_here, r.closed_there, r.closed_both, r.time_waits, r.first_ns,
                            r.last_ns));
  tell(out, what + " states", r.states);
  tell(out, what + " lingering", r.lingering);
}

void tell(Lines& out, const std::string& what, const Visits& v) {
  tell(out, what, v.client);
  std::string ports;
  v.ports.each([&](std::uint16_t port) { ports += fmt::format(" {}", port); });
  out.push_back(fmt::format("{}: reused {} from {}, ports{}", what, v.reused, v.first_reuse_ns, ports));
}

std::string text(const LogSketch& sketch) {
  std::string out =
      fmt::format("{} {} {} {}:", sketch.count(), sketch.least(), sketch.greatest(), sketch.sum());
  for (int percent = 0; percent <= 100; percent += 2)
    out += fmt::format(" {}", sketch.quantile(percent / 100.0));
  return out;
}

void tell(Lines& out, const std::string& what, const Carried& carried) {
  for (const Sent& sent : carried.by)
    out.push_back(
        fmt::format("{}: {} {} {} {}", what, sent.segments, sent.resent, sent.unseen, sent.spurious));
  out.push_back(fmt::format("{}: {} to {}", what, carried.span.first_ns, carried.span.last_ns));
}

void tell(Lines& out, const std::string& what, const Answers& answers) {
  out.push_back(fmt::format("{}: {} {} {} {} to {}", what, answers.connections, answers.requests,
                            answers.of_several_writes, answers.span.first_ns, answers.span.last_ns));
  out.push_back(what + " waits " + text(answers.waits));
  out.push_back(what + " network " + text(answers.network));
  out.push_back(fmt::format("{} times {} of {}", what, answers.times.count(), answers.times.span_ns()));
  answers.times.each([&](TimeNs at_ns, const LogSketch& sketch) {
    out.push_back(fmt::format("{} at {}: {}", what, at_ns, text(sketch)));
  });
}

void tell(Lines& out, const std::string& what, const Visitors& v) {
  out.push_back(fmt::format("{}: {} {} {} {} {} to {}", what, v.connections, v.single, v.handshake_ns,
                            v.duration_ns, v.span.first_ns, v.span.last_ns));
}

std::string text(const IpAddress& ip) { return to_string(ip); }
std::string text(const EndpointAddress& end) { return fmt::format("{}:{}", to_string(end.ip), end.port); }
std::string text(const VisitKey& key) { return to_string(key.client) + " to " + text(key.server); }
std::string text(const HostPair& pair) { return to_string(pair.low) + " and " + to_string(pair.high); }

template <class Key, class Value>
void tell(Lines& out, const std::string& what, const BusyTable<Key, Value>& table) {
  out.push_back(what + (table.folded() ? " folded" : " each apart"));
  for (const auto& known : table.known()) {
    const std::string name = what + ' ' + text(known.key);
    out.push_back(fmt::format("{}: {} flows, share {}, some: {}", name, known.flows, known.share,
                              fmt::join(known.sample(), " ")));
    tell(out, name, *known.value);
  }
}

Lines all_of(const Census& census) {
  Lines out;
  tell(out, "host", census.hosts());
  tell(out, "service", census.services());
  tell(out, "visits", census.visits());
  return out;
}

Lines all_of(const Exchanges& exchanges) {
  Lines out;
  tell(out, "service", exchanges.services());
  tell(out, "pair", exchanges.pairs());
  tell(out, "answers", exchanges.answers());
  tell(out, "visitors", exchanges.visitors());
  return out;
}

// The first line that differs, or nothing.
std::string difference(const Lines& whole, const Lines& parts) {
  const auto [a, b] = std::mismatch(whole.begin(), whole.end(), parts.begin(), parts.end());
  if (a == whole.end() && b == parts.end()) return "";
  return fmt::format("the whole has '{}'\nthe parts have '{}'", a == whole.end() ? "" : *a,
                     b == parts.end() ? "" : *b);
}

// Any two parts become one until one is left.
template <class Part>
Part merged(std::vector<Part> parts, std::mt19937_64& random) {
  while (parts.size() > 1) {
    std::shuffle(parts.begin(), parts.end(), random);
    parts[parts.size() - 2].merge(parts.back());
    parts.pop_back();
  }
  return std::move(parts.front());
}

struct Sums {
  Census census;
  Exchanges exchanges;
  void note(const FlowHistory& flow) {
    const EndedConnection ended{flow.trace, flow, flow.transfer.get()};
    census.note(ended);
    exchanges.note(ended);
  }
  void merge(const Sums& part) {
    census.merge(part.census);
    exchanges.merge(part.exchanges);
  }
};

// What the sums of the whole look like: that the test is of what it says.
struct Form {
  bool rounded = false, folded = false;
};

void check_law(const Spread& spread, std::uint64_t flows, int rounds, Form form) {
  const auto kinds = originals(form.folded);
  Sums whole;
  for (std::uint64_t i = 0; i < flows; ++i) whole.note(flow_of(kinds, i, spread));
  const Lines census = all_of(whole.census), exchanges = all_of(whole.exchanges);
  bool rounded = false;
  for (const auto& known : whole.census.hosts().known())
    rounded = rounded || known.value->states.step_ns() > 1;
  CHECK(rounded == form.rounded);
  CHECK(whole.census.hosts().folded() == form.folded);
  CHECK(whole.exchanges.visitors().folded() == form.folded);
  CHECK(census.size() > 100);
  CHECK(exchanges.size() > 100);
  std::mt19937_64 random(flows);
  std::vector<std::uint64_t> order(flows);
  for (std::uint64_t i = 0; i < flows; ++i) order[i] = i;
  for (int round = 0; round < rounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<Sums> parts(1 + random() % 9);  // some may stay empty, most are of unlike size
    for (const std::uint64_t i : order)
      parts[std::min(random() % parts.size(), random() % parts.size())].note(flow_of(kinds, i, spread));
    const std::size_t count = parts.size();
    const Sums sum = merged(std::move(parts), random);
    INFO("round " << round << ", " << count << " parts");
    CHECK(difference(census, all_of(sum.census)) == "");
    CHECK(difference(exchanges, all_of(sum.exchanges)) == "");
  }
}

}  // namespace

TEST_CASE("sums over few flows are the same however they are split and merged") {
  check_law({5, 4, 100 * kSecond}, 300, 12, {false, false});
}

TEST_CASE("so they are where moments are rounded to steps") {
  check_law({3, 2, 90000 * kSecond}, 6000, 3, {true, false});
}

TEST_CASE("so they are where hosts and services are too many to be told apart") {
  check_law({40000, 30000, 3600 * kSecond}, 80000, 1, {true, true});
}

}  // namespace tcpautopsy
