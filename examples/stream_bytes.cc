// Writes the bytes that the end at PORT sent, over all connections, to standard output: stream_bytes PORT
// CAPTURE...
#include <tcpautopsy/tcpautopsy.h>

#include <iostream>

namespace {

class Writer : public tcpautopsy::StreamReader {
 public:
  explicit Writer(int port) : port_(port) {}

  bool wants(const tcpautopsy::StreamFlow& flow) override {
    return flow.ends[0].port == port_ || flow.ends[1].port == port_;
  }
  void data(const tcpautopsy::StreamFlow& flow, const tcpautopsy::StreamData& data) override {
    if (flow.ends[data.sender].port != port_) return;
    std::cout.write(reinterpret_cast<const char*>(data.bytes.data()),
                    static_cast<std::streamsize>(data.bytes.size()));
  }
  void gap(const tcpautopsy::StreamFlow& flow, const tcpautopsy::StreamGap& gap) override {
    if (flow.ends[gap.sender].port == port_)
      std::cerr << "flow " << flow.number << ": " << gap.length << " bytes " << gap.reason << '\n';
  }

 private:
  int port_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::cerr << "usage: stream_bytes PORT CAPTURE...\n";
    return 2;
  }
  try {
    Writer writer(std::stoi(arguments[1]));
    tcpautopsy::Options options;
    options.captures.assign(arguments + 2, arguments + count);
    tcpautopsy::Analysis analysis(options);
    analysis.set_stream_reader(&writer);
    analysis.run();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
