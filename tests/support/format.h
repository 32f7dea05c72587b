// fmt without its compiled part, so that whatever links the tests' library needs nothing more.
#pragma once

#define FMT_HEADER_ONLY
#include <fmt/format.h>
