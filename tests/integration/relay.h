// Something on 127.0.0.1 that stands before a TestServer and passes bytes on: one that encrypts, or a proxy.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"

namespace plimsoll::test {

/// The client's side of a connection, once it was greeted.
struct ClientSide {
  std::function<ssize_t(char* into, std::size_t size)> receive;
  std::function<bool(std::string_view bytes)> send;
  std::function<bool()> has_more = [] { return false; };  // beside what the socket has
};

class Relay {
 public:
  /// What is said before bytes are passed on, on the connection's thread; empty: the connection ends.
  using Greeting = std::function<std::optional<ClientSide>(int socket)>;

  Relay(int port_behind, Greeting greet)
      : port_behind_(port_behind), greet_(std::move(greet)), listener_(socket_at(0)) {
    ::listen(listener_.get(), 16);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~Relay() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  int port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

 private:
  // Bound where `port` is 0, else connected.
  static FileDescriptor socket_at(int port) {
    FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* at = reinterpret_cast<const sockaddr*>(&address);
    port == 0 ? ::bind(socket.get(), at, sizeof address) : ::connect(socket.get(), at, sizeof address);
    return socket;
  }

  void accept_all() {
    for (;;) {
      const int socket = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      const std::lock_guard lock(mutex_);
      open_.push_back(socket);
      threads_.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    if (auto client = greet_(socket)) pass_on(socket, *client);
    const std::lock_guard lock(mutex_);
    std::erase(open_, socket);
    ::close(socket);
  }

  void pass_on(int socket, const ClientSide& client) const {
    const FileDescriptor behind = socket_at(port_behind_);
    std::array<char, 16 * 1024> bytes{};
    for (;;) {
      std::array<pollfd, 2> ends{pollfd{socket, POLLIN, 0}, pollfd{behind.get(), POLLIN, 0}};
      if (!client.has_more()) ::poll(ends.data(), ends.size(), -1);
      if (client.has_more() || ends[0].revents != 0) {
        const ssize_t count = client.receive(bytes.data(), bytes.size());
        if (count <= 0) return;
        ::send(behind.get(), bytes.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL);
      }
      if (ends[1].revents != 0) {
        const ssize_t count = ::recv(behind.get(), bytes.data(), bytes.size(), 0);
        if (count <= 0 || !client.send({bytes.data(), static_cast<std::size_t>(count)})) return;
      }
    }
  }

  const int port_behind_;
  const Greeting greet_;
  const FileDescriptor listener_;
  std::thread acceptor_;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::vector<int> open_;
};

/// Encrypts, with this certificate.
inline Relay::Greeting encrypted(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str());
  SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM);
  return [context](int socket) -> std::optional<ClientSide> {
    const std::shared_ptr<SSL> session(SSL_new(context.get()), [](SSL* ssl) {
      SSL_shutdown(ssl);
      SSL_free(ssl);
    });
    SSL_set_fd(session.get(), socket);
    if (SSL_accept(session.get()) != 1) return std::nullopt;
    return ClientSide{.receive = [session](char* into, std::size_t size) -> ssize_t {
                        return SSL_read(session.get(), into, static_cast<int>(size));
                      },
                      .send =
                          [session](std::string_view bytes) {
                            return SSL_write(session.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
                          },
                      .has_more = [session] { return SSL_pending(session.get()) > 0; }};
  };
}

/// A proxy that is asked to CONNECT; `asked` gets the first line of each request. Whatever was named, the
/// relay connects to what stands behind it.
inline Relay::Greeting proxy(std::function<void(std::string line)> asked) {
  return [asked = std::move(asked)](int socket) -> std::optional<ClientSide> {
    std::string head;
    for (char c = 0; !head.ends_with("\r\n\r\n") && ::recv(socket, &c, 1, 0) == 1;) head += c;
    asked(head.substr(0, head.find("\r\n")));
    if (!head.starts_with("CONNECT ")) return std::nullopt;
    const auto send = [socket](std::string_view bytes) {
      return ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
    };
    send("HTTP/1.1 200 Connected\r\n\r\n");
    return ClientSide{
        .receive = [socket](char* into, std::size_t size) { return ::recv(socket, into, size, 0); },
        .send = send};
  };
}

}  // namespace plimsoll::test
