// Options of the batch commands.
#pragma once

#include <boost/program_options.hpp>
#include <string_view>

#include "cli/options.h"

namespace tcpautopsy::cli {

boost::program_options::options_description batch_group(std::string_view command, Options& options);

}  // namespace tcpautopsy::cli
