// The store's records as lines parted by day, for engines that read such folders: DIR/flows/day=2024-05-01/,
// DIR/findings/ and DIR/incidents/ likewise, a file a unit and day.
#pragma once

#include <string>

#include "analyzer/batch/database.h"

namespace tcpautopsy::batch {

// Writes what is new since the last time; a unit done anew replaces its files. A reader never sees half a
// file. Throws StoreError, and std::system_error where the disk fails.
void export_ndjson(Database& store, const std::string& folder);

}  // namespace tcpautopsy::batch
