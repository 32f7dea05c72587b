// Prints the state history of both ends of each connection: histories CAPTURE...
#include <tcpautopsy/tcpautopsy.h>

#include <iostream>

int main(int count, char** arguments) {
  tcpautopsy::Options options;
  options.captures.assign(arguments + 1, arguments + count);
  try {
    tcpautopsy::Analysis analysis(options);
    analysis.on_flow([](const tcpautopsy::Flow& flow) {
      std::cout << "flow " << flow.number << ": " << flow.client.address.ip << ' ' << flow.client.address.port
                << " to " << flow.server.address.ip << ' ' << flow.server.address.port << ", handshake "
                << flow.handshake << ", close " << flow.close << '\n';
      for (const tcpautopsy::Transition& change : flow.history) {
        std::cout << "  " << name(change.endpoint) << ' ' << name(change.from) << " > " << name(change.to)
                  << ", " << name(change.basis) << ": " << change.cause;
        if (change.frame) std::cout << ", frame " << change.frame->number;
        std::cout << '\n';
      }
    });
    const tcpautopsy::Result result = analysis.run();
    for (const tcpautopsy::Incident& incident : result.incidents)
      std::cout << name(incident.severity) << ": " << incident.verdict << '\n';
    for (const std::string& problem : result.problems) std::cerr << problem << '\n';
    return result.problems.empty() ? 0 : 1;
  } catch (const tcpautopsy::Error& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
