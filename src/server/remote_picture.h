// Pictures of other machines, for servers that may fetch them: http and https, public addresses only.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>

#include "server/media_source.h"

namespace plimsoll::server {

/// Thread-safe. A picture is at most `limit_bytes` large.
std::unique_ptr<PictureFetcher> make_picture_fetcher(std::uint64_t limit_bytes);

/// Whether anybody on the internet has this address: not this machine's, not of the networks that it is in,
/// nor one that stands for such an address (IPv4 inside of IPv6). A pure function.
bool is_public_address(const sockaddr& address);

}  // namespace plimsoll::server
