// From a record's first octet to its IP header.
#pragma once

#include <cstdint>

#include "analyzer/decode/dissection.h"

namespace tcpautopsy::decode {

// Takes off what a link type puts before the first layer of a general kind; stops with UnknownLinkType.
Layer link_layer(Dissection& frame, int link_type);

// The layer that an EtherType announces; below 0x600 it is a length and LLC follows (IEEE 802.3 3.2.6).
Layer layer_of_ethertype(Dissection& frame, std::uint16_t type);

Layer ethernet(Dissection& frame);
Layer llc(Dissection& frame);
Layer vlan_tag(Dissection& frame);
Layer bridge_port_tag(Dissection& frame);
Layer virtual_nic_tag(Dissection& frame);
Layer cisco_metadata(Dissection& frame);
Layer provider_backbone(Dissection& frame);
Layer mpls(Dissection& frame);

// point_to_point.cc
Layer pppoe_session(Dissection& frame);
Layer ppp(Dissection& frame);
Layer ppp_serial(Dissection& frame);
Layer cisco_hdlc(Dissection& frame);

// wlan.cc
Layer wlan(Dissection& frame);
Layer wlan_of_controller(Dissection& frame);  // within CAPWAP
Layer radiotap(Dissection& frame);
Layer prism(Dissection& frame);
Layer avs(Dissection& frame);

// cooked.cc: pseudo headers that an operating system puts in place of a link header
Layer null_loop(Dissection& frame);
Layer linux_sll(Dissection& frame);
Layer linux_sll2(Dissection& frame);
Layer nflog(Dissection& frame);
Layer pktap(Dissection& frame);
Layer openbsd_enc(Dissection& frame);
Layer pflog(Dissection& frame);
Layer per_packet_information(Dissection& frame);

// rare_links.cc
Layer fddi(Dissection& frame);
Layer token_ring(Dissection& frame);
Layer arcnet_linux(Dissection& frame);
Layer infiniband(Dissection& frame);
Layer ieee1394(Dissection& frame);
Layer frame_relay(Dissection& frame);
Layer juniper_ethernet(Dissection& frame);
Layer sun_atm(Dissection& frame);

}  // namespace tcpautopsy::decode
