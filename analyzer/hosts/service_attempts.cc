#include "analyzer/hosts/service_attempts.h"

#include "analyzer/seq/saturating.h"

namespace tcpautopsy {
namespace {

// A handshake that takes no longer is of no weight among those that wait.
constexpr TimeNs kBrief = 100 * kMillisecond;

void note_stay(Population& population, const Attempt& attempt) {
  population.enter(TcpState::SynReceived, *attempt.half_open.from);
  if (attempt.half_open.until) population.leave(TcpState::SynReceived, *attempt.half_open.until);
}

}  // namespace

void CookieTally::merge(const CookieTally& o) {
  unlike += o.unlike;
  alike += o.alike;
  alike_bits += o.alike_bits;
}

void ServiceTotals::note(const Attempt& attempt) {
  tallies.note(attempt);
  if (attempt.outcome != Outcome::Completed) sources.note(attempt);
  cookies.unlike += attempt.cookie == CookieLook::Unlike ? 1 : 0;
  cookies.alike += attempt.cookie == CookieLook::Alike ? 1 : 0;
  cookies.alike_bits += attempt.cookie == CookieLook::AlikeBits ? 1 : 0;
  if (!attempt.half_open.from) return;
  const bool brief =
      attempt.half_open.until && sub_sat(*attempt.half_open.until, *attempt.half_open.from) < kBrief;
  if (brief && attempt.outcome == Outcome::Completed) return;
  note_stay(half_open, attempt);
  if (attempt.ack_repeated) note_stay(kept, attempt);
}

void ServiceTotals::merge(const ServiceTotals& part) {
  tallies.merge(part.tallies);
  sources.merge(part.sources);
  half_open.merge(part.half_open);
  kept.merge(part.kept);
  cookies.merge(part.cookies);
}

ServiceAttempts& ServiceAttempts::operator=(const ServiceAttempts& other) {
  if (this == &other) return *this;
  few_ = other.few_;
  totals_ = other.totals_ ? std::make_unique<ServiceTotals>(*other.totals_) : nullptr;
  attempts_ = other.attempts_;
  answered_ = other.answered_;
  return *this;
}

void ServiceAttempts::sum_up() {
  totals_ = std::make_unique<ServiceTotals>();
  for (const Attempt& attempt : few_) totals_->note(attempt);
  few_ = {};
}

void ServiceAttempts::note(const Attempt& attempt) {
  ++attempts_;
  // A handshake that only the client's ACK proves shows that the server's packets are not captured.
  answered_ = answered_ || attempt.server_isn || attempt.outcome == Outcome::Refused;
  if (!totals_ && few_.size() < kFew) {
    few_.push_back(attempt);
    return;
  }
  if (!totals_) sum_up();
  totals_->note(attempt);
}

void ServiceAttempts::merge(const ServiceAttempts& part) {
  answered_ = answered_ || part.answered_;
  if (!part.totals_) {
    for (const Attempt& attempt : part.few_) note(attempt);
    return;
  }
  attempts_ += part.attempts_;
  if (!totals_) sum_up();
  totals_->merge(*part.totals_);
}

ServiceTotals ServiceAttempts::totals() const {
  if (totals_) return *totals_;
  ServiceTotals totals;
  for (const Attempt& attempt : few_) totals.note(attempt);
  return totals;
}

}  // namespace tcpautopsy
