#include "analyzer/decode/layers.h"

#include "analyzer/decode/ip.h"
#include "analyzer/decode/link_layer.h"
#include "analyzer/decode/tunnels.h"

namespace tcpautopsy::decode {

Layer take_layer(Dissection& frame, Layer layer) {
  switch (layer) {
    case Layer::Ethernet: return ethernet(frame);
    case Layer::Llc: return llc(frame);
    case Layer::VlanTag: return vlan_tag(frame);
    case Layer::BridgePortTag: return bridge_port_tag(frame);
    case Layer::VirtualNicTag: return virtual_nic_tag(frame);
    case Layer::CiscoMetadata: return cisco_metadata(frame);
    case Layer::ProviderBackbone: return provider_backbone(frame);
    case Layer::Mpls: return mpls(frame);
    case Layer::PppoeSession: return pppoe_session(frame);
    case Layer::Ppp: return ppp(frame);
    case Layer::CiscoHdlc: return cisco_hdlc(frame);
    case Layer::Wlan: return wlan(frame);
    case Layer::Ip: return ip(frame);
    case Layer::Ipv4: return ipv4(frame);
    case Layer::Ipv6: return ipv6(frame);
    case Layer::Gre: return gre(frame);
    case Layer::EtherIp: return etherip(frame);
    case Layer::Udp: return udp(frame);
    case Layer::Fragment:
    case Layer::Icmp:
    case Layer::Icmpv6:
    case Layer::Tcp:
    case Layer::Stopped: break;
  }
  return layer;
}

}  // namespace tcpautopsy::decode
