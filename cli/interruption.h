// SIGINT and SIGTERM: the first ends reading, and what was read is told; the second ends the process.
#pragma once

namespace tcpautopsy::cli {

// From now on. A signal that is ignored (nohup, a shell's background) stays so.
void end_reading_on_signals();

// 128 and the number of the signal that came, as shells tell it; 0 if none did.
int status_of_signal();

// "interrupted" or "terminated".
const char* word_of_signal();

}  // namespace tcpautopsy::cli
