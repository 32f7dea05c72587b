// The rows of the three tables. Read them as transitions.h explains; what the passes look up is derived from
// them by transition_tables.h while this is compiled.
#pragma once

#include "analyzer/infer/transitions.h"

namespace tcpautopsy::rows {

using enum TcpState;

inline constexpr ArriveRow kArriveRows[]{
    {Listen, kGotSyn, SynReceived, "received SYN", "9293 3.10.7.2"},
    {SynSent, kGotRst, Closed, "received RST", "9293 3.10.7.3"},
    {SynSent, kGotIcmp, Closed, "received ICMP error", "1122 4.2.3.9"},
    {SynSent, kGotSynAck, Established, "received SYN-ACK", "9293 3.10.7.3"},
    {SynSent, kGotSyn, SynReceived, "received SYN (simultaneous open)", "9293 3.10.7.3"},
    {SynReceived, kGotRst, Closed, "received RST", "9293 3.10.7.4"},
    {SynReceived, kGotIcmp, Closed, "received ICMP error", "1122 4.2.3.9"},
    {SynReceived, kGotAckOfSyn, Established, "received ACK of SYN", "9293 3.10.7.4"},
    {SynReceived, kGotFin, CloseWait, "received FIN", "9293 3.10.7.4"},
    {Established, kGotRst, Closed, "received RST", "9293 3.10.7.4"},
    {Established, kGotFin, CloseWait, "received FIN", "9293 3.10.7.4"},
    {FinWait1, kGotRst, Closed, "received RST", "9293 3.10.7.4"},
    {FinWait1, kGotAckOfFin, FinWait2, "received ACK of FIN", "9293 3.10.7.4"},
    {FinWait1, kGotFin, Closing, "received FIN (simultaneous close)", "9293 3.10.7.4"},
    {FinWait2, kGotRst, Closed, "received RST", "9293 3.10.7.4"},
    {FinWait2, kGotFin, TimeWait, "received FIN", "9293 3.10.7.4"},
    {CloseWait, kGotRst, Closed, "received RST", "9293 3.10.7.4"},
    {Closing, kGotRst, Closed, "received RST", "9293 3.10.7.4"},
    {Closing, kGotAckOfFin, TimeWait, "received ACK of FIN", "9293 3.10.7.4"},
    {LastAck, kGotRst, Closed, "received RST", "9293 3.10.7.4"},
    {LastAck, kGotAckOfFin, Closed, "received ACK of FIN", "9293 3.10.7.4"},
    {TimeWait, kGotRst, Closed, "received RST in TIME-WAIT", "1337 1"},
};

inline constexpr SendRow kSendRows[]{
    {Closed, Sends::Syn, SynSent, 0, "sent SYN", "9293 3.10.1"},
    {Listen, Sends::Syn, SynSent, 0, "sent SYN", "9293 3.10.2"},
    {SynSent, Sends::Syn, SynSent, 0, "sent SYN again", "9293 3.8.1"},
    {SynReceived, Sends::SynAck, SynReceived, 0, "sent SYN-ACK", "9293 3.10.7.2"},
    {SynReceived, Sends::Ack, SynReceived, 6, "sent data before the handshake was over", "7413 4.2"},
    {Established, Sends::Ack, Established, 0, "sent data or ACK", "9293 3.10.2"},
    {FinWait1, Sends::Ack, FinWait1, 0, "sent data again or ACK", "9293 3.8.1"},
    {FinWait2, Sends::Ack, FinWait2, 0, "sent ACK", "9293 3.10.7.4"},
    {CloseWait, Sends::Ack, CloseWait, 0, "sent data or ACK", "9293 3.10.2"},
    {Closing, Sends::Ack, Closing, 0, "sent data again or ACK", "9293 3.10.7.4"},
    {LastAck, Sends::Ack, LastAck, 0, "sent data again or ACK", "9293 3.10.7.4"},
    {TimeWait, Sends::Ack, TimeWait, 0, "sent ACK of a repeated FIN", "9293 3.10.7.4"},
    {Established, Sends::Fin, FinWait1, 0, "sent FIN", "9293 3.10.4"},
    {SynReceived, Sends::Fin, FinWait1, 0, "sent FIN", "9293 3.10.4"},
    {CloseWait, Sends::Fin, LastAck, 0, "sent FIN", "9293 3.10.4"},
    {FinWait1, Sends::Fin, FinWait1, 0, "sent FIN again", "9293 3.8.1"},
    {Closing, Sends::Fin, Closing, 0, "sent FIN again", "9293 3.8.1"},
    {LastAck, Sends::Fin, LastAck, 0, "sent FIN again", "9293 3.8.1"},
    {Closed, Sends::Rst, Closed, 0, "sent RST without a connection", "9293 3.10.7.1"},
    {Listen, Sends::Rst, Listen, 0, "sent RST from LISTEN", "9293 3.10.7.2"},
    {SynSent, Sends::Rst, SynSent, 1, "sent RST to an unacceptable ACK", "9293 3.10.7.3"},
    {SynSent, Sends::Rst, Closed, 2, "sent RST", "9293 3.10.5"},
    {SynReceived, Sends::Rst, Closed, 1, "sent RST", "9293 3.10.5"},
    {SynReceived, Sends::Rst, SynReceived, 2, "sent RST to an unacceptable ACK", "9293 3.10.7.4"},
    {Established, Sends::Rst, Closed, 0, "sent RST", "9293 3.10.5"},
    {FinWait1, Sends::Rst, Closed, 0, "sent RST", "9293 3.10.5"},
    {FinWait2, Sends::Rst, Closed, 0, "sent RST", "9293 3.10.5"},
    {CloseWait, Sends::Rst, Closed, 0, "sent RST", "9293 3.10.5"},
    {Closing, Sends::Rst, Closed, 1, "sent RST", "9293 3.10.5"},
    {LastAck, Sends::Rst, Closed, 1, "sent RST", "9293 3.10.5"},
    {TimeWait, Sends::Rst, Closed, 4, "sent RST", "9293 3.10.5"},
};

inline constexpr TimerRow kTimerRows[]{
    {SynSent, Clock::SynResends, Closed, "gave up: SYN unanswered", "9293 3.8.3"},
    {SynReceived, Clock::SynAckResends, Closed, "gave up: SYN-ACK unanswered", "9293 3.8.3"},
    {Established, Clock::DataResends, Closed, "gave up: data unacknowledged", "9293 3.8.3"},
    {CloseWait, Clock::DataResends, Closed, "gave up: data unacknowledged", "9293 3.8.3"},
    {FinWait1, Clock::OrphanResends, Closed, "gave up: FIN unacknowledged", "9293 3.8.3"},
    {Closing, Clock::OrphanResends, Closed, "gave up: FIN unacknowledged", "9293 3.8.3"},
    {LastAck, Clock::OrphanResends, Closed, "gave up: FIN unacknowledged", "9293 3.8.3"},
    {FinWait2, Clock::FinWait2, Closed, "FIN-WAIT-2 time ran out", "1122 4.2.2.20"},
    {TimeWait, Clock::Msl2, Closed, "2MSL ran out", "9293 3.10.8"},
};

}  // namespace tcpautopsy::rows
