#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>
#include <span>

#include "server/remote_picture.h"

namespace plimsoll::server {

namespace {

struct Network4 {
  std::uint32_t address;
  int bits;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  return (a << 24) | (b << 16) | (c << 8);
}

// RFC 6890 and those after it.
constexpr std::array kNotPublic4{
    Network4{v4(0, 0, 0), 8},      Network4{v4(10, 0, 0), 8},     Network4{v4(100, 64, 0), 10},
    Network4{v4(127, 0, 0), 8},    Network4{v4(169, 254, 0), 16}, Network4{v4(172, 16, 0), 12},
    Network4{v4(192, 0, 0), 24},   Network4{v4(192, 0, 2), 24},   Network4{v4(192, 88, 99), 24},
    Network4{v4(192, 168, 0), 16}, Network4{v4(198, 18, 0), 15},  Network4{v4(198, 51, 100), 24},
    Network4{v4(203, 0, 113), 24}, Network4{v4(224, 0, 0), 4},    Network4{v4(240, 0, 0), 4},
};

bool is_public4(std::uint32_t address) {
  for (const Network4& network : kNotPublic4) {
    if ((address ^ network.address) >> (32 - network.bits) == 0) return false;
  }
  return true;
}

bool begins_with(std::span<const std::uint8_t, 16> address, std::span<const std::uint8_t> beginning) {
  return std::memcmp(address.data(), beginning.data(), beginning.size()) == 0;
}

std::uint32_t inner4(std::span<const std::uint8_t, 16> address, std::size_t at) {
  return (std::uint32_t{address[at]} << 24) | (std::uint32_t{address[at + 1]} << 16) |
         (std::uint32_t{address[at + 2]} << 8) | address[at + 3];
}

bool is_public6(std::span<const std::uint8_t, 16> address) {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  constexpr std::array<std::uint8_t, 12> kTranslated{0x00, 0x64, 0xFF, 0x9B};
  constexpr std::array<std::uint8_t, 2> k6to4{0x20, 0x02};
  constexpr std::array<std::uint8_t, 4> kTeredo{0x20, 0x01, 0, 0};
  constexpr std::array<std::uint8_t, 4> kDocumentation{0x20, 0x01, 0x0D, 0xB8};
  if (begins_with(address, kMapped) || begins_with(address, kTranslated))
    return is_public4(inner4(address, 12));
  if (begins_with(address, k6to4)) return is_public4(inner4(address, 2));
  if (begins_with(address, kTeredo) || begins_with(address, kDocumentation)) return false;
  return (address[0] & 0xE0) == 0x20;  // 2000::/3, global unicast; all others are local or not in use
}

}  // namespace

bool is_public_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    return is_public4(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    return is_public6(
        std::span<const std::uint8_t, 16>(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr.s6_addr));
  }
  return false;
}

}  // namespace plimsoll::server
