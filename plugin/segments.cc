#include "plugin/segments.h"

#include <algorithm>

#include "analyzer/decode/dissection.h"
#include "analyzer/decode/ip.h"
#include "analyzer/decode/transport.h"

namespace tcpautopsy::plugin {
namespace {

constexpr unsigned kErspanProtocol = 0x88be, kErspan3Protocol = 0x22eb;
constexpr unsigned kGtpUserData = 255;

const field_info* info_of(const proto_node* node) { return node->finfo; }

bool is(const proto_node* node, int field) {
  const field_info* info = info_of(node);
  return field >= 0 && info != nullptr && info->hfinfo != nullptr && info->hfinfo->id == field;
}

std::uint32_t number(const proto_node* node) { return uint_value(*node->finfo); }

// The first of the field anywhere below the node.
const proto_node* below(const proto_node* node, int field) {
  for (const proto_node* child = node->first_child; child != nullptr; child = child->next) {
    if (is(child, field)) return child;
    if (const proto_node* found = below(child, field)) return found;
  }
  return nullptr;
}

// The octets from an item on, as far as they were captured, with the length that the layers above tell.
decode::LayerBytes octets_from(const proto_node* node) {
  const field_info* info = info_of(node);
  if (info->ds_tvb == nullptr || info->start < 0) return {};
  const int captured = tvb_captured_length_remaining(info->ds_tvb, info->start);
  const int reported = tvb_reported_length_remaining(info->ds_tvb, info->start);
  if (captured <= 0 || reported <= 0) return {};
  const guint8* data = tvb_get_ptr(info->ds_tvb, info->start, captured);
  return {Bytes(data, static_cast<std::size_t>(captured)), static_cast<std::size_t>(reported)};
}

// From a flat tree, and from one in which each protocol hangs below the one before.
template <class F>
void each_node(const proto_node* node, const F& visit) {
  for (const proto_node* child = node->first_child; child != nullptr; child = child->next)
    if (visit(child)) each_node(child, visit);
}

}  // namespace

// The layers met so far on the way in.
struct TreeReader::Walk {
  const TreeReader& fields;
  packet_info* pinfo;
  decode::EncapsulationTable& encapsulations;
  FoundParts& found;
  decode::Dissection frame{Frame{}};
  bool has_ip = false;

  // False: what is below the node is not for us.
  bool visit(const proto_node* node);
  bool take_encapsulation(const proto_node* node);
  void take_ip(const proto_node* node, bool v6);
  void take_tcp(const proto_node* node);
  void take_error(const proto_node* node);
  void take_gre(const proto_node* node);
};

void TreeReader::Walk::take_ip(const proto_node* node, bool v6) {
  frame.rest = octets_from(node);
  if (v6)
    decode::ipv6(frame);
  else
    decode::ipv4(frame);
  has_ip = true;
}

void TreeReader::Walk::take_tcp(const proto_node* node) {
  const decode::LayerBytes octets = octets_from(node);
  if (!has_ip || !octets.has(20)) return;
  // Right behind its IP header its length is what that tells, even where that is beyond the frame. Elsewhere
  // (the packet was fragmented) it is what Wireshark made of it, if it could.
  if (frame.rest.data() != octets.data()) {
    const proto_node* length = below(node, fields.tcp_length_);
    if (length == nullptr) return;
    const std::size_t header = (octets.u8(12) >> 4) * std::size_t{4};
    frame.rest = decode::LayerBytes(octets.bytes(), header + number(length));
  }
  TcpSegment segment;
  if (decode::take_segment(frame, segment)) return;
  segment.encapsulation = encapsulations.index_of(frame.path);
  segment.wire_length = pinfo->fd->pkt_len;
  found.segments.push_back(segment);
}

void TreeReader::Walk::take_error(const proto_node* node) {
  if (!has_ip) return;
  frame.rest = octets_from(node);
  IcmpError error;
  if (decode::take_icmp_error(frame, error)) return;
  error.encapsulation = encapsulations.index_of(frame.path);
  found.errors.push_back(error);
}

void TreeReader::Walk::take_gre(const proto_node* node) {
  const proto_node* protocol = below(node, fields.gre_protocol_);
  const unsigned carried = protocol == nullptr ? 0 : number(protocol);
  if (carried == kErspanProtocol || carried == kErspan3Protocol) return;  // known by its own name
  const proto_node* key = below(node, fields.gre_key_);
  if (key != nullptr)
    (void)frame.path.add_tunnel(decode::Tunnel::Gre, number(key));
  else
    (void)frame.path.add_tunnel(decode::Tunnel::Gre);
}

bool TreeReader::Walk::take_encapsulation(const proto_node* node) {
  using decode::Tunnel;
  decode::EncapsulationPath& path = frame.path;
  if (is(node, fields.vlan_) || is(node, fields.outer_vlan_) || is(node, fields.service_vlan_) ||
      is(node, fields.customer_vlan_)) {
    // A tag of identifier 0 is a priority and no VLAN.
    if (number(node) != 0) (void)path.add_vlan(static_cast<std::uint16_t>(number(node)));
  } else if (is(node, fields.gre_)) {
    take_gre(node);
  } else if (is(node, fields.erspan_)) {
    const proto_node* session = below(node, fields.erspan_session_);
    if (session != nullptr)
      (void)path.add_tunnel(Tunnel::Erspan, number(session));
    else
      (void)path.add_tunnel(Tunnel::Erspan);
  } else if (is(node, fields.vxlan_network_)) {
    (void)path.add_tunnel(Tunnel::Vxlan, number(node));
  } else if (is(node, fields.geneve_network_)) {
    (void)path.add_tunnel(Tunnel::Geneve, number(node));
  } else if (is(node, fields.gtp_)) {
    const proto_node* type = below(node, fields.gtp_type_);
    if (type != nullptr && number(type) == kGtpUserData) (void)path.add_tunnel(Tunnel::Gtp);
  } else if (is(node, fields.teredo_)) {
    (void)path.add_tunnel(Tunnel::Teredo);
  } else if (is(node, fields.etherip_)) {
    (void)path.add_tunnel(Tunnel::EtherIp);
  } else if (is(node, fields.backbone_)) {
    const proto_node* service = below(node, fields.backbone_service_);
    if (service != nullptr) (void)path.add_tunnel(Tunnel::ProviderBackbone, number(service));
  } else {
    return false;
  }
  return true;
}

bool TreeReader::Walk::visit(const proto_node* node) {
  if (is(node, fields.tcp_)) {
    take_tcp(node);
    return true;  // a tunnel over TCP may hang here
  }
  if (is(node, fields.icmp_) || is(node, fields.icmpv6_)) {
    take_error(node);
    return false;  // the quoted packet was sent elsewhere
  }
  if (is(node, fields.ip_)) {
    take_ip(node, false);
  } else if (is(node, fields.ipv6_)) {
    take_ip(node, true);
  } else {
    take_encapsulation(node);
  }
  return true;
}

void TreeReader::find_fields() {
  const auto find = [](const char* name) { return proto_registrar_get_id_byname(name); };
  tcp_ = find("tcp");
  tcp_length_ = find("tcp.len");
  ip_ = find("ip");
  ipv6_ = find("ipv6");
  icmp_ = find("icmp");
  icmpv6_ = find("icmpv6");
  vlan_ = find("vlan.id");
  outer_vlan_ = find("ieee8021ad.id");
  service_vlan_ = find("ieee8021ad.svid");
  customer_vlan_ = find("ieee8021ad.cvid");
  gre_ = find("gre");
  gre_protocol_ = find("gre.proto");
  gre_key_ = find("gre.key");
  erspan_ = find("erspan");
  erspan_session_ = find("erspan.spanid");
  vxlan_network_ = find("vxlan.vni");
  geneve_network_ = find("geneve.vni");
  gtp_ = find("gtp");
  gtp_type_ = find("gtp.message");
  teredo_ = find("teredo");
  etherip_ = find("etherip");
  backbone_ = find("ieee8021ah");
  backbone_service_ = find("ieee8021ah.isid");
}

GArray* TreeReader::wanted_fields() const {
  GArray* wanted = g_array_new(FALSE, FALSE, sizeof(int));
  for (const int field : {tcp_,
                          tcp_length_,
                          ip_,
                          ipv6_,
                          icmp_,
                          icmpv6_,
                          vlan_,
                          outer_vlan_,
                          service_vlan_,
                          customer_vlan_,
                          gre_,
                          gre_protocol_,
                          gre_key_,
                          erspan_,
                          erspan_session_,
                          vxlan_network_,
                          geneve_network_,
                          gtp_,
                          gtp_type_,
                          teredo_,
                          etherip_,
                          backbone_,
                          backbone_service_})
    if (field >= 0) g_array_append_val(wanted, field);
  return wanted;
}

void TreeReader::read(packet_info* pinfo, proto_tree* tree, decode::EncapsulationTable& encapsulations,
                      FoundParts& found) const {
  Walk walk{*this, pinfo, encapsulations, found};
  each_node(tree, [&walk](const proto_node* node) { return walk.visit(node); });
}

}  // namespace tcpautopsy::plugin
