#include "server/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace plimsoll::server {

namespace {

// Clients that come at once while the reception is busy with others.
constexpr int kBacklog = 512;

int port_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

Error refusal(const std::string& place, int number) {
  if (number == EADDRINUSE) {
    return {ErrorCode::io, place + " is in use by another program; choose another --port"};
  }
  if (number == EACCES) return {ErrorCode::io, place + " is not for this user; choose a --port above 1023"};
  return {ErrorCode::io, place + " can not be listened at: " + std::strerror(number)};
}

}  // namespace

Expected<Listener> listen_at(const std::string& host, int port) {
  const std::string place = host + ":" + std::to_string(port);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  if (problem != 0) {
    return fail(ErrorCode::invalid_argument, "--host " + host + " is no address of this machine: " +
                                                 ::gai_strerror(problem) + "; give one such as 127.0.0.1");
  }
  const addrinfo& address = *addresses;
  FileDescriptor socket(
      ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol));
  const int on = 1;
  if (!socket.is_open() || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket.get(), address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return tl::unexpected(refusal(place, errno));
  }
  const int bound = port_of(socket.get());
  return Listener{.socket = std::move(socket), .port = bound};
}

}  // namespace plimsoll::server
