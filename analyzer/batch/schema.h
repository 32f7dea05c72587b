// The tables of the store, and views that answer the usual questions.
#pragma once

namespace tcpautopsy::batch {

constexpr int kSchemaVersion = 3;

// Documented by its own comments, which SQLite keeps: `.schema` shows them.
extern const char* const kTables;
extern const char* const kViews;

}  // namespace tcpautopsy::batch
