// What a later incarnation of the same addresses needs to know of an earlier one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "analyzer/decode/address.h"
#include "analyzer/infer/tcp_state.h"
#include "analyzer/seq/seq.h"
#include "analyzer/seq/side.h"

namespace tcpautopsy {

struct FlowHistory;

// Filled when the earlier one is concluded.
struct PreviousIncarnation {
  std::uint64_t flow = 0;
  EndpointAddress time_wait_end;  // who was in TIME-WAIT; meaningless without time_wait_since
  std::optional<TimeNs> time_wait_since;
  bool time_wait_likely = false;  // TIME-WAIT had not run out by the profile when the new SYN came
  PerSide<EndpointAddress> address;
  PerSide<TcpState> held_in{TcpState::Unknown,
                            TcpState::Unknown};  // likeliest state when the new SYN came, by no means of it
  PerSide<Seq> next_seq;                         // one past the highest number each end sent
  PerSide<std::uint32_t> last_ts_val{};
  TimeNs last_ns = 0;
};

std::shared_ptr<const PreviousIncarnation> summarise(const FlowHistory& earlier);

}  // namespace tcpautopsy
