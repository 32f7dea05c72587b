// libgcrypt wants to be started before any other call.
#pragma once

namespace tcpautopsy {

// Once, by whichever thread comes first. False: it does not start.
bool start_gcrypt();

}  // namespace tcpautopsy
