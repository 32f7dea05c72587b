// The rows of the tables. Read them as transitions.h explains; what the passes look up is derived from
// them by transition_tables.h while this is compiled.
#pragma once

#include "analyzer/infer/transitions.h"

namespace tcpautopsy::rows {

using enum TcpState;
using namespace weights;

inline constexpr std::string_view kSynUnanswered = "gave up: SYN unanswered";
inline constexpr std::string_view kSynAckUnanswered = "gave up: SYN-ACK unanswered";
inline constexpr std::string_view kDataUnacknowledged = "gave up: data unacknowledged";
inline constexpr std::string_view kFinUnacknowledged = "gave up: FIN unacknowledged";
inline constexpr std::string_view kFinWait2RanOut = "FIN-WAIT-2 time ran out";
inline constexpr std::string_view kMsl2RanOut = "2MSL ran out";
inline constexpr std::string_view kForgotten = "had lost the connection before it sent RST";
inline constexpr std::string_view kTimeWaitCut = "had left TIME-WAIT before its time when it sent RST";
inline constexpr std::string_view kFinUnseen = "sent FIN before the capture saw it";
inline constexpr std::string_view kMissed = "a segment that the capture missed";
inline constexpr std::string_view kNotCaptured = "a segment of the direction that was not captured";
inline constexpr std::string_view kUnexplained = "what led here was not captured";

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
    {TimeWait, kGotRst, Closed, "received RST in TIME-WAIT", "1337 1", kTimeWaitKeepsOn},
};

inline constexpr SendRow kSendRows[]{
    {Closed, Sends::Syn, SynSent, 0, "sent SYN", "9293 3.10.1", Given::FirstSyn},
    {Listen, Sends::Syn, SynSent, 0, "sent SYN", "9293 3.10.2", Given::FirstSyn},
    {SynSent, Sends::Syn, SynSent, 0, "sent SYN again", "9293 3.8.1"},
    {SynReceived, Sends::SynAck, SynReceived, 0, "sent SYN-ACK", "9293 3.10.7.2"},
    {SynReceived, Sends::Ack, SynReceived, 0, "sent data to a Fast Open", "7413 4.2", Given::EarlyData},
    {SynReceived, Sends::Ack, SynReceived, kSendsInSynReceived, "sent data before the handshake was over",
     "9293 3.10.2"},
    {Established, Sends::Ack, Established, 0, "sent data or ACK", "9293 3.10.2"},
    {FinWait1, Sends::Ack, FinWait1, 0, "sent data again or ACK", "9293 3.8.1"},
    {FinWait2, Sends::Ack, FinWait2, 0, "sent ACK", "9293 3.10.7.4"},
    {CloseWait, Sends::Ack, CloseWait, 0, "sent data or ACK", "9293 3.10.2"},
    {Closing, Sends::Ack, Closing, 0, "sent data again or ACK", "9293 3.10.7.4"},
    {LastAck, Sends::Ack, LastAck, 0, "sent data again or ACK", "9293 3.10.7.4"},
    {TimeWait, Sends::Ack, TimeWait, 0, "sent ACK of a repeated FIN", "9293 3.10.7.4"},
    {Established, Sends::Fin, FinWait1, 0, "sent FIN", "9293 3.10.4"},
    {SynReceived, Sends::Fin, FinWait1, 0, "sent FIN to a Fast Open", "7413 4.2", Given::EarlyData},
    {SynReceived, Sends::Fin, FinWait1, kClosesInSynReceived, "sent FIN", "9293 3.10.4"},
    {CloseWait, Sends::Fin, LastAck, 0, "sent FIN", "9293 3.10.4"},
    {FinWait1, Sends::Fin, FinWait1, 0, "sent FIN again", "9293 3.8.1"},
    {Closing, Sends::Fin, Closing, 0, "sent FIN again", "9293 3.8.1"},
    {LastAck, Sends::Fin, LastAck, 0, "sent FIN again", "9293 3.8.1"},
    {Closed, Sends::Rst, Closed, 0, "sent RST without a connection", "9293 3.10.7.1"},
    {Listen, Sends::Rst, Listen, 0, "sent RST from LISTEN", "9293 3.10.7.2"},
    {SynSent, Sends::Rst, SynSent, kSynSentRefuses, "sent RST to an unacceptable ACK", "9293 3.10.7.3"},
    {SynSent, Sends::Rst, Closed, kSynSentAborts, "sent RST", "9293 3.10.5"},
    {SynReceived, Sends::Rst, Closed, kSynReceivedAborts, "sent RST", "9293 3.10.5"},
    {SynReceived, Sends::Rst, SynReceived, kSynReceivedRefuses, "sent RST to an unacceptable ACK",
     "9293 3.10.7.4"},
    {Established, Sends::Rst, Closed, 0, "sent RST", "9293 3.10.5"},
    {FinWait1, Sends::Rst, Closed, 0, "sent RST", "9293 3.10.5"},
    {FinWait2, Sends::Rst, Closed, 0, "sent RST", "9293 3.10.5"},
    {CloseWait, Sends::Rst, Closed, 0, "sent RST", "9293 3.10.5"},
    {Closing, Sends::Rst, Closed, kClosingAborts, "sent RST", "9293 3.10.5"},
    {LastAck, Sends::Rst, Closed, kClosingAborts, "sent RST", "9293 3.10.5"},
    {TimeWait, Sends::Rst, Closed, kTimeWaitAborts, "sent RST", "9293 3.10.5"},
};

inline constexpr StateSet kConnected = ~kNoConnection;

inline constexpr RstFormRow kRstFormRows[]{
    {RstForm::RefusesSyn, kConnected, kRstFormUnusual, "only a closed port refuses a SYN", "9293 3.10.7.1"},
    {RstForm::RefusesHandshake,
     {SynSent},
     kRstRefusesOwnAttempt,
     "its own attempt is under way",
     "9293 3.10.7.3"},
    {RstForm::RefusesHandshake,
     {Established, CloseWait},
     kRstFormUnusual,
     "an abort carries an ACK",
     "9293 3.10.5"},
    {RstForm::RefusesProbe,
     {Established, FinWait1, FinWait2, CloseWait, Closing, LastAck, TimeWait},
     kRstRefusesProbe,
     "a socket answers a probe by an ACK",
     "9293 3.8.4"},
    {RstForm::AfterSilence,
     {Established, FinWait1, CloseWait, Closing, LastAck},
     kRstAfterSilence,
     "a socket that is idle takes the segment",
     "9293 3.10.7.4"},
    {RstForm::Bare, {Established, CloseWait}, kRstFormUnusual, "an abort carries an ACK", "9293 3.10.5"},
    {RstForm::BehindFin,
     {Established, FinWait1, CloseWait, Closing, LastAck},
     kRstFormUnusual,
     "the segment that it answers had acknowledged the FIN",
     "9293 3.10.7.1"},
    {RstForm::AcknowledgesFin,
     {SynReceived, Established, FinWait1, FinWait2},
     kRstAcknowledgesMore,
     "it acknowledges a FIN that had not come",
     "9293 3.10.5"},
    {RstForm::AcknowledgesFin, kNoConnection, kRstFormUnusual, "the answer to an ACK is bare",
     "9293 3.10.7.1"},
    {RstForm::WithAck, kNoConnection, kRstFormUnusual, "the answer to an ACK is bare", "9293 3.10.7.1"},
};

inline constexpr TimerRow kTimerRows[]{
    {SynSent, Clock::SynResends, Closed, kSynUnanswered, "9293 3.8.3"},
    {SynReceived, Clock::SynAckResends, Closed, kSynAckUnanswered, "9293 3.8.3"},
    {Established, Clock::DataResends, Closed, kDataUnacknowledged, "9293 3.8.3"},
    {CloseWait, Clock::DataResends, Closed, kDataUnacknowledged, "9293 3.8.3"},
    {FinWait1, Clock::OrphanResends, Closed, kFinUnacknowledged, "9293 3.8.3"},
    {Closing, Clock::OrphanResends, Closed, kFinUnacknowledged, "9293 3.8.3"},
    {LastAck, Clock::OrphanResends, Closed, kFinUnacknowledged, "9293 3.8.3"},
    {FinWait2, Clock::FinWait2, Closed, kFinWait2RanOut, "1122 4.2.2.20"},
    {TimeWait, Clock::Msl2, Closed, kMsl2RanOut, "9293 3.10.8"},
};

inline constexpr SilentRow kSilentRows[]{
    {SynSent, Closed, 0, kSilentSynSent, "closed or given up before the handshake was over", "9293 3.10.4"},
    {SynReceived, Closed, 0, kSilentSynReceived, kSynAckUnanswered, "9293 3.8.3"},
    {Established, Closed, 0, kSilentOpen, kDataUnacknowledged, "9293 3.8.3", kForgotten, "9293 3.5.1"},
    {CloseWait, Closed, 0, kSilentOpen, kDataUnacknowledged, "9293 3.8.3", kForgotten, "9293 3.5.1"},
    {FinWait1, Closed, 0, kSilentClosing, kFinUnacknowledged, "9293 3.8.3"},
    {Closing, Closed, 0, kSilentClosing, kFinUnacknowledged, "9293 3.8.3"},
    {LastAck, Closed, 0, kSilentClosing, kFinUnacknowledged, "9293 3.8.3"},
    {FinWait2, Closed, 0, kSilentClosing, kFinWait2RanOut, "1122 4.2.2.20"},
    {TimeWait, Closed, 0, kSilentTimeWait, kMsl2RanOut, "9293 3.10.8", kTimeWaitCut, "9293 3.10.7.1"},
};

inline constexpr StartRow kStartRows[]{
    {OpeningSeen::OwnSyn, Closed, 0, "9293 3.10.1"},
    {OpeningSeen::PeerSyn, Closed, 0, "9293 3.10.7.1"},
    {OpeningSeen::PeerSyn, Listen, 0, "9293 3.10.7.2"},
    {OpeningSeen::OwnSynAck, SynReceived, 0, "9293 3.10.7.2"},
    {OpeningSeen::PeerSynAck, SynSent, 0, "9293 3.10.7.3"},
    {OpeningSeen::Nothing, Closed, kFoundNotOpen, "9293 3.3.2"},
    {OpeningSeen::Nothing, Listen, kFoundListening, "9293 3.3.2"},
    {OpeningSeen::Nothing, SynSent, kFoundNotOpen, "9293 3.3.2"},
    {OpeningSeen::Nothing, SynReceived, kFoundNotOpen, "9293 3.3.2"},
    {OpeningSeen::Nothing, Established, 0, "9293 3.3.2"},
    {OpeningSeen::Nothing, FinWait1, kFoundFinOutstanding, "9293 3.3.2"},
    {OpeningSeen::Nothing, FinWait2, kFoundHalfClosed, "9293 3.3.2"},
    {OpeningSeen::Nothing, CloseWait, kFoundHalfClosed, "9293 3.3.2"},
    {OpeningSeen::Nothing, Closing, kFoundBothClosed, "9293 3.3.2"},
    {OpeningSeen::Nothing, LastAck, kFoundFinOutstanding, "9293 3.3.2"},
    {OpeningSeen::Nothing, TimeWait, kFoundBothClosed, "9293 3.3.2"},
};

inline constexpr ToldRow kToldRows[]{
    {~StateSet{}, "was in this state when the capture tells it first", "9293 3.3.2"},
};

inline constexpr StateSet kHasSentNoFin{SynReceived, Established, CloseWait};

inline constexpr HiddenRow kHiddenRows[]{
    {Evidence::Nothing, {CloseWait}, Sends::Fin, kHiddenFin, 0, kFinUnseen, "9293 3.10.4"},
    {Evidence::Nothing,
     {SynReceived, Established},
     Sends::Fin,
     kHiddenFin + kHiddenFinFirst,
     0,
     kFinUnseen,
     "9293 3.10.4"},
    {Evidence::AcknowledgedLater, kHasSentNoFin, Sends::Fin, kHiddenFinEarlier, 0, kFinUnseen, "9293 3.10.4"},
    {Evidence::Acknowledged, kHasSentNoFin, Sends::Fin, 0, kCertain, kFinUnseen, "9293 3.10.4"},
    {Evidence::OutOfOrder, kHasSentNoFin, Sends::Fin, 0, kCertain, "sent FIN", "9293 3.10.4"},
    {Evidence::IpIdGap, kHasSentNoFin, Sends::Fin, 0, kGapWithoutFin, kFinUnseen, "9293 3.10.4"},
    {Evidence::EndMissed, kHasSentNoFin, Sends::Fin, 0, kEndWithoutFin, kMissed, "9293 3.10.4"},
    {Evidence::CaptureLoss, {Closed}, Sends::Syn, kUnseen, 0, kMissed, "9293 3.10.7.4"},
    {Evidence::CaptureLoss, kHasSentNoFin, Sends::Fin, kUnseen, 0, kMissed, "9293 3.10.7.4"},
    {Evidence::NotCaptured, kHasSentNoFin, Sends::Fin, kUnseenOneSided, 0, kNotCaptured, "9293 3.10.4"},
    {Evidence::NotCaptured, kConnected, Sends::Rst, kUnseenReset, 0, kNotCaptured, "9293 3.10.5"},
};

inline constexpr std::uint8_t kAnyOne =
    kGotRst | kGotSynAck | kGotSyn | kGotAckOfSyn | kGotAckOfFin | kGotFin;
inline constexpr std::uint8_t kAnyAck = kGotAckOfSyn | kGotAckOfFin;
inline constexpr std::uint8_t kAnyOther = kAnyOne & ~(kGotFin | kGotRst);

// A FIN that carries the ACK of the own FIN, or of the SYN, takes two rows at once.
inline constexpr UnseenRow kUnseenRows[]{
    {Evidence::PeerEndMissed, kGotFin, 0, 0, kMissed, "9293 3.10.7.4"},
    {Evidence::CaptureLoss, kAnyAck, kGotFin, kUnseen, kMissed, "9293 3.10.7.4"},
    {Evidence::CaptureLoss, kAnyOne, 0, kUnseen, kMissed, "9293 3.10.7.4"},
    {Evidence::PeerNotCaptured, kAnyAck, kGotFin, kUnseenFinOneSided, kNotCaptured, "9293 3.10.7.4"},
    {Evidence::PeerNotCaptured, kGotFin, 0, kUnseenFinOneSided, kNotCaptured, "9293 3.10.7.4"},
    {Evidence::PeerNotCaptured, kAnyOther, 0, kUnseenOneSided, kNotCaptured, "9293 3.10.7.4"},
    {Evidence::PeerNotCaptured, kGotRst, 0, kUnseenReset, kNotCaptured, "9293 3.10.7.4"},
};

inline constexpr JumpRow kJumpRows[]{
    {Sends::Syn, SynSent, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::SynAck, SynReceived, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Ack, SynReceived, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Ack, Established, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Ack, FinWait1, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Ack, FinWait2, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Ack, CloseWait, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Ack, Closing, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Ack, LastAck, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Ack, TimeWait, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Fin, FinWait1, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Fin, Closing, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Fin, LastAck, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Rst, Closed, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Rst, Listen, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Rst, SynSent, kJump, kUnexplained, "9293 3.3.2"},
    {Sends::Rst, SynReceived, kJump, kUnexplained, "9293 3.3.2"},
};

inline constexpr SuccessorRow kSuccessorRows[]{
    {Succession::SentNewSyn, kConnected, Closed, "sent a new SYN from the same port", "9293 3.10.1"},
    {Succession::ResetOld, kConnected, Closed, "received RST", "9293 3.5.1"},
    {Succession::AnsweredNewSyn, kConnected, Closed, "received a new SYN", "6191 2"},
};

}  // namespace tcpautopsy::rows
