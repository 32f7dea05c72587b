#include "analyzer/seq/seq.h"

namespace tcpautopsy {

static_assert(unwrap(Seq(5), Seq(0xfffffff0), 0) == 21, "an offset crosses the wrap of the wire numbers");
static_assert(unwrap(Seq(0xffffffff), Seq(0), 0) == -1,
              "a number before the checkpoint is not 4 GiB after it");

}  // namespace tcpautopsy
