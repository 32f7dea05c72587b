#include "analyzer/compat/gcrypt_start.h"

#include <gcrypt.h>

namespace tcpautopsy {
namespace {

bool start() {
  if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) return true;
  if (gcry_check_version(nullptr) == nullptr) return false;
  // Keys live as long as a run.
  gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
  gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
  return true;
}

}  // namespace

bool start_gcrypt() {
  static const bool started = start();
  return started;
}

}  // namespace tcpautopsy
