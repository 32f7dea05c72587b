#include "tests/unit/capture/capture_files.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace tcpautopsy::test {

ByteString& ByteString::number(std::uint64_t v, int size) {
  for (int i = 0; i < size; ++i) bytes_ += static_cast<char>(v >> (8 * (big_ ? size - 1 - i : i)) & 0xff);
  return *this;
}

ByteString& ByteString::pad() {
  while (bytes_.size() % 4 != 0) bytes_ += '\0';
  return *this;
}

std::string pcap_header(bool big, std::uint32_t magic, std::uint32_t link_type, std::uint32_t snaplen,
                        unsigned minor) {
  return ByteString(big).u32(magic).u16(2).u16(minor).u32(0).u32(0).u32(snaplen).u32(link_type).str();
}

std::string pcap_record(bool big, std::uint32_t seconds, std::uint32_t fraction, const std::string& data,
                        std::uint32_t wire_length) {
  return ByteString(big).u32(seconds).u32(fraction).u32(data.size()).u32(wire_length).raw(data).str();
}

std::string small_pcap(int count) {
  std::string file = pcap_header();
  for (int i = 1; i <= count; ++i) {
    const std::string data(static_cast<std::size_t>(5 * i), static_cast<char>('a' + i));
    file +=
        pcap_record(false, static_cast<std::uint32_t>(i), 0, data, static_cast<std::uint32_t>(data.size()));
  }
  return file;
}

std::string block(bool big, std::uint32_t type, const std::string& body) {
  const std::string inner = ByteString(big).raw(body).pad().str();
  return ByteString(big).u32(type).u32(inner.size() + 12).raw(inner).u32(inner.size() + 12).str();
}

std::string option(bool big, unsigned code, const std::string& value) {
  return ByteString(big).u16(code).u16(static_cast<unsigned>(value.size())).raw(value).pad().str();
}

std::string section(bool big) {
  return block(big, 0x0a0d0d0a, ByteString(big).u32(0x1a2b3c4d).u16(1).u16(0).u64(~std::uint64_t{0}).str());
}

std::string interface(bool big, unsigned link_type, std::uint32_t snaplen, const std::string& options) {
  return block(big, 1, ByteString(big).u16(link_type).u16(0).u32(snaplen).raw(options).str());
}

std::string tsresol(bool big, unsigned value) {
  return option(big, 9, std::string(1, static_cast<char>(value))) + option(big, 0, "");
}

std::string enhanced(bool big, std::uint32_t interface, std::uint64_t ticks, const std::string& data,
                     std::uint32_t wire_length, const std::string& options) {
  return block(big, 6,
               ByteString(big)
                   .u32(interface)
                   .u32(ticks >> 32)
                   .u32(ticks & 0xffffffff)
                   .u32(data.size())
                   .u32(wire_length)
                   .raw(data)
                   .pad()
                   .raw(options)
                   .str());
}

std::string small_pcapng(int count) {
  std::string file = section() + interface(false, 1);
  for (int i = 1; i <= count; ++i) {
    const std::string data(static_cast<std::size_t>(5 * i), static_cast<char>('a' + i));
    file += enhanced(false, 0, static_cast<std::uint64_t>(i) * 1'000'000, data,
                     static_cast<std::uint32_t>(data.size()));
  }
  return file;
}

std::string packed(const std::string& data, const std::string& compression) {
  std::string out(data.size() * 2 + 65536, '\0');
  std::size_t used = 0;
  archive* a = archive_write_new();
  if (archive_write_add_filter_by_name(a, compression.c_str()) != ARCHIVE_OK ||
      archive_write_set_format_raw(a) != ARCHIVE_OK)
    throw std::runtime_error("cannot compress with " + compression);
  archive_write_set_bytes_in_last_block(a, 1);  // no padding after the stream
  archive_write_open_memory(a, out.data(), out.size(), &used);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(a, entry);
  archive_write_data(a, data.data(), data.size());
  archive_entry_free(entry);
  archive_write_close(a);
  archive_write_free(a);
  out.resize(used);
  return out;
}

TempFile::TempFile(const std::string& content) {
  const char* folder = std::getenv("TMPDIR");
  path_ = std::string(folder ? folder : "/tmp") + "/tcpautopsy-XXXXXX";
  const int fd = ::mkstemp(path_.data());
  if (fd < 0) throw std::runtime_error("no temporary file");
  ::close(fd);
  std::ofstream(path_, std::ios::binary) << content;
}

TempFile::~TempFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Packet copy_of(const Frame& frame) {
  return {frame.number,
          frame.time_ns,
          frame.has_time,
          frame.wire_length,
          frame.link_type,
          frame.interface,
          std::string(frame.bytes.begin(), frame.bytes.end()),
          std::vector<std::string>(frame.comments.begin(), frame.comments.end())};
}

Reading read_path(const std::string& path, const std::string& filter) {
  const auto source = CaptureSource::open(path, filter);
  Reading reading;
  Frame frame;
  while (source->next(frame)) reading.packets.push_back(copy_of(frame));
  // Asked again, an ended source stays ended.
  if (source->next(frame)) throw std::runtime_error("a frame after the end");
  reading.damage = source->damage();
  reading.info = source->info();
  return reading;
}

Reading read(const std::string& content, const std::string& filter) {
  return read_path(TempFile(content).path(), filter);
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const CaptureError& error) {
    return error.what();
  }
  return {};
}

std::string open_error(const std::string& content, const std::string& filter) {
  const TempFile file(content);
  const std::string message = error_of([&] { (void)CaptureSource::open(file.path(), filter); });
  if (message.empty()) return {};
  if (!message.starts_with(file.path() + ": ")) return "does not begin with the file's name: " + message;
  return message.substr(file.path().size() + 2);
}

}  // namespace tcpautopsy::test
