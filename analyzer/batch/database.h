// The little of SQLite that the store needs, with errors as exceptions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

struct sqlite3;
struct sqlite3_stmt;

namespace tcpautopsy::batch {

// What went wrong with the store, in words for the user; nothing that was committed is lost.
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using Cell = std::variant<std::nullptr_t, std::int64_t, std::string_view>;

class Statement {
 public:
  Statement(sqlite3* database, const std::string& name, std::string_view sql);

  // Parameters count from 1, columns from 0.
  Statement& bind(int parameter, const Cell& value);
  // The same without a copy: the text must stay until the last step.
  Statement& lend(int parameter, const Cell& value);
  template <class... Values>
  Statement& with(const Values&... values) {
    int at = 0;
    (bind(++at, Cell(values)), ...);
    return *this;
  }
  // True for a row; false at the end, and the statement is ready to be used again.
  bool step();
  void run();  // all of it, rows ignored
  void reset();

  int columns() const;
  std::string column_name(int column) const;
  bool is_null(int column) const;
  bool is_integer(int column) const;
  bool is_real(int column) const;
  std::int64_t integer(int column) const;
  std::size_t below(std::size_t end, int column) const;  // throws StoreError for a number that is not
  double real(int column) const;
  std::string text(int column) const;
  std::string_view text_view(int column) const;  // until the next step

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement& set(int parameter, const Cell& value, void (*keep)(void*));
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  sqlite3* database_;
  const std::string& name_;
};

class Database {
 public:
  enum class Access : std::uint8_t { Read, Write };

  // Write: made if it is not there, and this process's alone. Throws StoreError.
  Database(const std::string& path, Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Statement prepare(std::string_view sql) { return Statement(handle_, path_, sql); }
  void execute(const std::string& sql);
  std::optional<std::int64_t> number(std::string_view sql);
  void attach(const std::string& path, const std::string& name);

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  sqlite3* handle_ = nullptr;
};

// Rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace tcpautopsy::batch
